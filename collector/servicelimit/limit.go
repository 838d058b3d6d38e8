package servicelimit

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "obskit.local/collector/servicelimit"

type limit struct {
	signal  string
	shares  *shares
	dropped metric.Int64Counter
	now     func() time.Time
}

func newLimit(settings processor.Settings, signal string, perSecond float64, services int) (*limit, error) {
	dropped, err := settings.MeterProvider.Meter(scope).Int64Counter(
		"otelcol_processor_service_limit_dropped_items",
		metric.WithUnit("1"),
		metric.WithDescription("Spans or log records dropped because their service sent more than its rate."),
	)
	if err != nil {
		return nil, err
	}
	if perSecond == 0 {
		perSecond = math.Inf(1)
	}
	return &limit{signal, newShares(perSecond, services), dropped, time.Now}, nil
}

func (l *limit) traces(ctx context.Context, traces ptrace.Traces) (ptrace.Traces, error) {
	traces.ResourceSpans().RemoveIf(func(of ptrace.ResourceSpans) bool {
		items := 0
		for _, scoped := range of.ScopeSpans().All() {
			items += scoped.Spans().Len()
		}
		share, count := l.share(ctx, of.Resource(), items)
		if share >= 1 {
			return false
		}
		before := items
		of.ScopeSpans().RemoveIf(func(scoped ptrace.ScopeSpans) bool {
			scoped.Spans().RemoveIf(func(span ptrace.Span) bool {
				id := span.TraceID()
				// The last seven bytes are random by W3C Trace Context level 2.
				kept := float64(binary.BigEndian.Uint64(id[8:])<<8) < share*math.MaxUint64
				if !kept {
					items--
				}
				return !kept
			})
			return scoped.Spans().Len() == 0
		})
		count(before - items)
		return of.ScopeSpans().Len() == 0
	})
	if traces.ResourceSpans().Len() == 0 {
		return traces, processorhelper.ErrSkipProcessingData
	}
	return traces, nil
}

func (l *limit) logs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	logs.ResourceLogs().RemoveIf(func(of plog.ResourceLogs) bool {
		items := 0
		for _, scoped := range of.ScopeLogs().All() {
			items += scoped.LogRecords().Len()
		}
		share, count := l.share(ctx, of.Resource(), items)
		if share >= 1 {
			return false
		}
		gone := 0
		of.ScopeLogs().RemoveIf(func(scoped plog.ScopeLogs) bool {
			scoped.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				dropped := rand.Float64() >= share
				if dropped {
					gone++
				}
				return dropped
			})
			return scoped.LogRecords().Len() == 0
		})
		count(gone)
		return of.ScopeLogs().Len() == 0
	})
	if logs.ResourceLogs().Len() == 0 {
		return logs, processorhelper.ErrSkipProcessingData
	}
	return logs, nil
}

// share is what passes of the items of a resource, and how the rest is counted.
func (l *limit) share(ctx context.Context, resource pcommon.Resource, items int) (float64, func(int)) {
	name := "unknown"
	if given, there := resource.Attributes().Get("service.name"); there {
		name = given.AsString()
	}
	service, share := l.shares.of(name, items, l.now())
	return share, func(dropped int) {
		l.dropped.Add(ctx, int64(dropped),
			metric.WithAttributes(attribute.String("service", service), attribute.String("signal", l.signal)))
	}
}
