package latecommit

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// NewFactory makes receivers of the type kafka_late_commit.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		component.MustNewType("kafka_late_commit"),
		func() component.Config { return &Config{Topic: "otlp_spans", CommitAfter: 30 * time.Second} },
		receiver.WithTraces(create, component.StabilityLevelBeta),
	)
}

func create(
	_ context.Context, settings receiver.Settings, config component.Config, next consumer.Traces,
) (receiver.Traces, error) {
	return newReceiver(settings, config.(*Config), next)
}
