package latecommit

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type partition struct {
	topic  string
	number int32
}

type handed struct {
	at   time.Time
	next kgo.EpochOffset
}

// offsets knows for each partition what was handed on, and when. Marks closer together than a grain of time
// are one, so that what is kept is bounded by time and not by messages.
type offsets struct {
	grain time.Duration
	lock  sync.Mutex
	held  map[partition][]handed
}

func newOffsets(grain time.Duration) *offsets {
	return &offsets{grain: grain, held: map[partition][]handed{}}
}

// add says that a message was handed on.
func (o *offsets) add(p partition, at time.Time, next kgo.EpochOffset) {
	o.lock.Lock()
	defer o.lock.Unlock()
	held := o.held[p]
	// The first two stay as they are: the time of a mark must not move on for ever.
	if last := len(held) - 1; last > 0 && at.Sub(held[last-1].at) < o.grain {
		held[last] = handed{at, next}
		return
	}
	o.held[p] = append(held, handed{at, next})
}

// due takes out what was handed on before a time: of each partition the last of it.
func (o *offsets) due(before time.Time) map[string]map[int32]kgo.EpochOffset {
	o.lock.Lock()
	defer o.lock.Unlock()
	found := map[string]map[int32]kgo.EpochOffset{}
	for p, held := range o.held {
		count := 0
		for count < len(held) && held[count].at.Before(before) {
			count++
		}
		if count == 0 {
			continue
		}
		if found[p.topic] == nil {
			found[p.topic] = map[int32]kgo.EpochOffset{}
		}
		found[p.topic][p.number] = held[count-1].next
		o.held[p] = append([]handed(nil), held[count:]...)
	}
	return found
}

// forget drops partitions that another member reads from now on.
func (o *offsets) forget(lost map[string][]int32) {
	o.lock.Lock()
	defer o.lock.Unlock()
	for topic, numbers := range lost {
		for _, number := range numbers {
			delete(o.held, partition{topic, number})
		}
	}
}
