package servicelimit

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// NewFactory makes processors of the type service_limit.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("service_limit"),
		func() component.Config { return &Config{Services: 1000} },
		processor.WithTraces(createTraces, component.StabilityLevelBeta),
		processor.WithLogs(createLogs, component.StabilityLevelBeta),
	)
}

func createTraces(
	ctx context.Context, settings processor.Settings, config component.Config, next consumer.Traces,
) (processor.Traces, error) {
	chosen := config.(*Config)
	limit, err := newLimit(settings, "traces", chosen.SpansPerSecond, chosen.Services)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewTraces(ctx, settings, config, next, limit.traces,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
}

func createLogs(
	ctx context.Context, settings processor.Settings, config component.Config, next consumer.Logs,
) (processor.Logs, error) {
	chosen := config.(*Config)
	limit, err := newLimit(settings, "logs", chosen.LogRecordsPerSecond, chosen.Services)
	if err != nil {
		return nil, err
	}
	return processorhelper.NewLogs(ctx, settings, config, next, limit.logs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}))
}
