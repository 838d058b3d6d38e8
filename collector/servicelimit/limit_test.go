package servicelimit

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/otel/metric/noop"
)

// limited lets so many items of a service through at once.
func limited(t *testing.T, atOnce float64) *limit {
	t.Helper()
	settings := processor.Settings{TelemetrySettings: component.TelemetrySettings{MeterProvider: noop.NewMeterProvider()}}
	made, err := newLimit(settings, "traces", atOnce/window.Seconds(), 10)
	if err != nil {
		t.Fatal(err)
	}
	made.now = func() time.Time { return begin }
	return made
}

func traceID(number uint64) pcommon.TraceID {
	var id pcommon.TraceID
	// Spread over the range, as random ids are.
	binary.BigEndian.PutUint64(id[8:], number*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(id[:8], number+1)
	return id
}

func spansOf(service string, count, ofEach int) ptrace.Traces {
	traces := ptrace.NewTraces()
	of := traces.ResourceSpans().AppendEmpty()
	of.Resource().Attributes().PutStr("service.name", service)
	spans := of.ScopeSpans().AppendEmpty().Spans()
	for number := range count {
		for range ofEach {
			spans.AppendEmpty().SetTraceID(traceID(uint64(number)))
		}
	}
	return traces
}

func TestOfATraceAllSpansPassOrNone(t *testing.T) {
	left, err := limited(t, 1000).traces(context.Background(), spansOf("shop", 1000, 4))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[pcommon.TraceID]int{}
	for _, span := range left.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		seen[span.TraceID()]++
	}
	for id, spans := range seen {
		if spans != 4 {
			t.Fatalf("%d of the 4 spans of %s passed", spans, id)
		}
	}
	if spans := left.SpanCount(); spans < 800 || spans > 1200 {
		t.Fatalf("%d spans passed where 1000 may", spans)
	}
}

func TestAnotherServiceInTheSameRequestIsLeftWhole(t *testing.T) {
	traces := spansOf("noisy", 1000, 10)
	spansOf("quiet", 10, 1).ResourceSpans().MoveAndAppendTo(traces.ResourceSpans())
	left, err := limited(t, 100).traces(context.Background(), traces)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range left.ResourceSpans().All() {
		if name, _ := of.Resource().Attributes().Get("service.name"); name.Str() == "quiet" {
			if spans := of.ScopeSpans().At(0).Spans().Len(); spans != 10 {
				t.Fatalf("%d of its 10 spans passed", spans)
			}
			return
		}
	}
	t.Fatal("nothing of it passed")
}

func TestWhereNothingIsLeftNothingIsHandedOn(t *testing.T) {
	full := limited(t, 1)
	if _, err := full.traces(context.Background(), spansOf("shop", 1, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := full.traces(context.Background(), spansOf("shop", 5, 1)); !errors.Is(err, processorhelper.ErrSkipProcessingData) {
		t.Fatalf("it said %v", err)
	}
}

func TestLogRecordsAreHeldToTheRate(t *testing.T) {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 10_000 {
		records.AppendEmpty()
	}
	left, err := limited(t, 1000).logs(context.Background(), logs)
	if err != nil {
		t.Fatal(err)
	}
	if passed := left.LogRecordCount(); passed < 850 || passed > 1150 {
		t.Fatalf("%d records passed where 1000 may", passed)
	}
}

func TestWithoutALimitEverythingPasses(t *testing.T) {
	left, err := limited(t, 0).traces(context.Background(), spansOf("shop", 5000, 1))
	if err != nil || left.SpanCount() != 5000 {
		t.Fatalf("%d of 5000 passed, %v", left.SpanCount(), err)
	}
}

func TestEveryValueThatCannotBeIsRefused(t *testing.T) {
	if err := (&Config{SpansPerSecond: -1, LogRecordsPerSecond: -1}).Validate(); err == nil {
		t.Fatal("it was taken")
	}
	if err := NewFactory().CreateDefaultConfig().(*Config).Validate(); err != nil {
		t.Fatal(err)
	}
}
