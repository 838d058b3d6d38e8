// Package servicelimit lets each service through at its rate, so that a noisy one takes nothing from the
// others: what is beyond is dropped here, and counted by service and signal.
package servicelimit

import "errors"

// Config says how much a service may send.
type Config struct {
	// SpansPerSecond of one service; 0 is no limit. Of a trace that is dropped every span is.
	SpansPerSecond float64 `mapstructure:"spans_per_second"`
	// LogRecordsPerSecond of one service; 0 is no limit.
	LogRecordsPerSecond float64 `mapstructure:"log_records_per_second"`
	// Services that are told apart; those beyond share one limit.
	Services int `mapstructure:"services"`
}

// Validate tells of every value that cannot be.
func (c *Config) Validate() error {
	var wrong []error
	if c.SpansPerSecond < 0 {
		wrong = append(wrong, errors.New("spans_per_second: must not be negative; 0 is no limit"))
	}
	if c.LogRecordsPerSecond < 0 {
		wrong = append(wrong, errors.New("log_records_per_second: must not be negative; 0 is no limit"))
	}
	if c.Services < 1 {
		wrong = append(wrong, errors.New("services: must be at least 1"))
	}
	return errors.Join(wrong...)
}
