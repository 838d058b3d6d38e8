// Package latecommit reads traces from Kafka and commits what it read only when it is decided.
//
// Tail sampling keeps the spans of a trace in memory until the trace is decided. A receiver that commits
// as soon as a message is handed on loses them when the collector is killed. This one commits the offset of a
// message some time after it was handed on, so that whoever follows reads again what may not have been
// decided: at least once, and never less.
package latecommit

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/config/configtls"
)

// Config says where and what to read.
type Config struct {
	Brokers []string `mapstructure:"brokers"`
	GroupID string   `mapstructure:"group_id"`
	Topic   string   `mapstructure:"topic"`
	// CommitAfter is how long after a message was handed on its offset is committed: longer than
	// the decision_wait of tail sampling.
	CommitAfter time.Duration           `mapstructure:"commit_after"`
	TLS         *configtls.ClientConfig `mapstructure:"tls"`
}

// Validate tells of every value that cannot be.
func (c *Config) Validate() error {
	var wrong []error
	if len(c.Brokers) == 0 {
		wrong = append(wrong, errors.New("brokers: name at least one, as host:port"))
	}
	if c.GroupID == "" {
		wrong = append(wrong, errors.New("group_id: name the group that shares the partitions"))
	}
	if c.Topic == "" {
		wrong = append(wrong, errors.New("topic: name the topic of spans"))
	}
	if c.CommitAfter < 0 {
		wrong = append(wrong, errors.New("commit_after: must not be negative"))
	}
	return errors.Join(wrong...)
}
