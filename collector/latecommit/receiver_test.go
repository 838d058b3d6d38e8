package latecommit

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// taker notes the names of the spans that it takes; those of a request together.
type taker struct {
	taken  [][]string
	answer func(names []string) error
}

func (*taker) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (t *taker) ConsumeTraces(_ context.Context, traces ptrace.Traces) error {
	var names []string
	for _, of := range traces.ResourceSpans().All() {
		names = append(names, of.ScopeSpans().At(0).Spans().At(0).Name())
	}
	if err := t.answer(names); err != nil {
		return err
	}
	t.taken = append(t.taken, names)
	return nil
}

func receiving(t *testing.T, next consumer.Traces) *lateReceiver {
	t.Helper()
	settings := receiver.Settings{
		ID: component.MustNewID("kafka_late_commit"),
		TelemetrySettings: component.TelemetrySettings{
			Logger: zap.NewNop(), MeterProvider: metricnoop.NewMeterProvider(),
			TracerProvider: tracenoop.NewTracerProvider(),
		},
	}
	made, err := newReceiver(settings, &Config{}, next)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func fetched(values ...[]byte) kgo.FetchTopicPartition {
	var records []*kgo.Record
	for number, value := range values {
		records = append(records, &kgo.Record{Value: value, Offset: int64(number)})
	}
	return kgo.FetchTopicPartition{Topic: "spans", FetchPartition: kgo.FetchPartition{Records: records}}
}

func message(t *testing.T, name string) []byte {
	t.Helper()
	traces := ptrace.NewTraces()
	traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName(name)
	value, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func (r *lateReceiver) reached() int64 { return due(r.offsets.due(at(1e9)))[0] }

func TestMessagesOfAFetchAreHandedOnTogetherAndInTheirOrder(t *testing.T) {
	next := &taker{answer: func([]string) error { return nil }}
	made := receiving(t, next)
	made.handOn(context.Background(), fetched(message(t, "a"), message(t, "b"), message(t, "c")))
	if want := [][]string{{"a", "b", "c"}}; !reflect.DeepEqual(next.taken, want) {
		t.Fatalf("handed on %v", next.taken)
	}
	if offset := made.reached(); offset != 3 {
		t.Fatalf("read up to %d of 3", offset)
	}
}

func TestAMessageThatCannotBeReadIsLeftOut(t *testing.T) {
	next := &taker{answer: func([]string) error { return nil }}
	made := receiving(t, next)
	made.handOn(context.Background(), fetched(message(t, "a"), []byte("\xffno trace"), message(t, "c")))
	if want := [][]string{{"a", "c"}}; !reflect.DeepEqual(next.taken, want) {
		t.Fatalf("handed on %v", next.taken)
	}
	if offset := made.reached(); offset != 3 {
		t.Fatalf("read up to %d of 3", offset)
	}
}

func TestOfSeveralMessagesThatAreRefusedForEverOnlyTheCulpritIsLeftOut(t *testing.T) {
	next := &taker{answer: func(names []string) error {
		for _, name := range names {
			if name == "bad" {
				return consumererror.NewPermanent(errors.New("no"))
			}
		}
		return nil
	}}
	made := receiving(t, next)
	made.handOn(context.Background(), fetched(message(t, "a"), message(t, "bad"), message(t, "c")))
	if want := [][]string{{"a"}, {"c"}}; !reflect.DeepEqual(next.taken, want) {
		t.Fatalf("handed on %v", next.taken)
	}
	if offset := made.reached(); offset != 3 {
		t.Fatalf("read up to %d of 3", offset)
	}
}

func TestWhatIsRefusedForNowIsHandedOnAgain(t *testing.T) {
	asked := 0
	next := &taker{answer: func([]string) error {
		if asked++; asked == 1 {
			return errors.New("no memory just now")
		}
		return nil
	}}
	made := receiving(t, next)
	made.handOn(context.Background(), fetched(message(t, "a")))
	if want := [][]string{{"a"}}; !reflect.DeepEqual(next.taken, want) {
		t.Fatalf("handed on %v", next.taken)
	}
}

func TestWhatWasNotTakenBeforeTheEndIsNotCommitted(t *testing.T) {
	ended, end := context.WithCancel(context.Background())
	next := &taker{answer: func([]string) error { end(); return errors.New("no memory just now") }}
	made := receiving(t, next)
	made.handOn(ended, fetched(message(t, "a")))
	if offset := made.reached(); offset != 0 {
		t.Fatalf("read up to %d", offset)
	}
}
