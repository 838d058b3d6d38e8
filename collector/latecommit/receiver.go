package latecommit

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzap"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const (
	scope = "obskit.local/collector/latecommit"
	// How often offsets are committed, and how finely they are kept.
	commitEvery = time.Second
	// How long a refused message waits before it is handed on again.
	refusedWait = time.Second
)

type lateReceiver struct {
	config  *Config
	next    consumer.Traces
	logger  *zap.Logger
	report  *receiverhelper.ObsReport
	lag     metric.Int64Gauge
	offsets *offsets
	client  *kgo.Client
	stop    context.CancelFunc
	running sync.WaitGroup
}

func newReceiver(settings receiver.Settings, config *Config, next consumer.Traces) (*lateReceiver, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "kafka", ReceiverCreateSettings: settings,
	})
	if err != nil {
		return nil, err
	}
	lag, err := settings.MeterProvider.Meter(scope).Int64Gauge(
		"otelcol_kafka_late_commit_offset_lag",
		metric.WithUnit("1"),
		metric.WithDescription("Messages of a partition that are not read yet."),
	)
	if err != nil {
		return nil, err
	}
	return &lateReceiver{
		config: config, next: next, logger: settings.Logger, report: report, lag: lag,
		offsets: newOffsets(commitEvery),
	}, nil
}

func (r *lateReceiver) Start(ctx context.Context, _ component.Host) error {
	options := []kgo.Opt{
		kgo.SeedBrokers(r.config.Brokers...),
		kgo.ConsumerGroup(r.config.GroupID),
		kgo.ConsumeTopics(r.config.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		// Those that stay keep what they have: the fewer partitions move, the less is read twice.
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(10 * time.Second),
		kgo.OnPartitionsRevoked(r.lost),
		kgo.OnPartitionsLost(r.lost),
		// A broker that cannot be reached, or refuses us, is no error of any fetch: only this tells of it.
		kgo.WithLogger(kzap.New(r.logger.Named("franz"))),
	}
	if r.config.TLS != nil {
		secured, err := r.config.TLS.LoadTLSConfig(ctx)
		if err != nil {
			return err
		}
		options = append(options, kgo.DialTLSConfig(secured))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	r.client = client
	running, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.running.Go(func() { r.read(running) })
	r.running.Go(func() { r.commit(running) })
	return nil
}

// Shutdown commits nothing more: what waits for its decision is read again by whoever follows, so that
// its traces stay whole.
func (r *lateReceiver) Shutdown(context.Context) error {
	if r.client == nil {
		return nil
	}
	r.stop()
	r.client.CloseAllowingRebalance()
	r.running.Wait()
	return nil
}

func (r *lateReceiver) lost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	r.offsets.forget(lost)
}

func (r *lateReceiver) read(ctx context.Context) {
	for ctx.Err() == nil {
		fetched := r.client.PollFetches(ctx)
		if fetched.IsClientClosed() {
			return
		}
		fetched.EachError(func(topic string, number int32, err error) {
			if ctx.Err() == nil {
				r.logger.Warn("cannot read", zap.String("topic", topic), zap.Int32("partition", number), zap.Error(err))
			}
		})
		var partitions sync.WaitGroup
		fetched.EachPartition(func(p kgo.FetchTopicPartition) {
			partitions.Go(func() { r.handOn(ctx, p) })
		})
		partitions.Wait()
		r.client.AllowRebalance()
	}
}

// handOn hands on what was fetched of a partition, which is a megabyte at most: agents write a message for each
// trace, and one at a time they would cost five times as much.
func (r *lateReceiver) handOn(ctx context.Context, p kgo.FetchTopicPartition) {
	if len(p.Records) == 0 || !r.consume(ctx, p.Records) {
		return
	}
	last := p.Records[len(p.Records)-1]
	r.offsets.add(partition{p.Topic, p.Partition}, time.Now(),
		kgo.EpochOffset{Epoch: last.LeaderEpoch, Offset: last.Offset + 1})
	r.lag.Record(ctx, p.HighWatermark-last.Offset-1, metric.WithAttributes(
		attribute.String("topic", p.Topic), attribute.Int("partition", int(p.Partition))))
}

// consume hands on messages until they are taken; false where the collector stops before that.
func (r *lateReceiver) consume(ctx context.Context, records []*kgo.Record) bool {
	for {
		started := r.report.StartTracesOp(ctx)
		// Each time anew: whoever refuses traces may have changed them before.
		traces := r.merged(records)
		spans := traces.SpanCount()
		err := r.next.ConsumeTraces(started, traces)
		r.report.EndTracesOp(started, "otlp_proto", spans, err)
		if err == nil {
			return true
		}
		if consumererror.IsPermanent(err) {
			return r.eachAlone(ctx, records, err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(refusedWait):
		}
	}
}

// eachAlone finds out which of several messages nobody can take, and leaves out that one.
func (r *lateReceiver) eachAlone(ctx context.Context, records []*kgo.Record, err error) bool {
	if len(records) == 1 {
		r.leaveOut(records[0], err)
		return true
	}
	for number := range records {
		if !r.consume(ctx, records[number:number+1]) {
			return false
		}
	}
	return true
}

// merged are the spans of several messages, without those that cannot be read.
func (r *lateReceiver) merged(records []*kgo.Record) ptrace.Traces {
	all := ptrace.NewTraces()
	for _, record := range records {
		traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(record.Value)
		if err != nil {
			r.leaveOut(record, err)
			continue
		}
		traces.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	return all
}

func (r *lateReceiver) leaveOut(record *kgo.Record, err error) {
	r.logger.Error("a message is left out", zap.Int32("partition", record.Partition),
		zap.Int64("offset", record.Offset), zap.Error(err))
}

func (r *lateReceiver) commit(ctx context.Context) {
	ticks := time.NewTicker(commitEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			due := r.offsets.due(now.Add(-r.config.CommitAfter))
			if len(due) == 0 {
				continue
			}
			r.client.CommitOffsetsSync(ctx, due, nil)
		}
	}
}
