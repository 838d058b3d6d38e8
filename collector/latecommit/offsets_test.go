package latecommit

import (
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var begin = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return begin.Add(time.Duration(seconds * float64(time.Second)))
}

func upTo(offset int64) kgo.EpochOffset { return kgo.EpochOffset{Epoch: 1, Offset: offset} }

func due(found map[string]map[int32]kgo.EpochOffset) map[int32]int64 {
	offsets := map[int32]int64{}
	for number, offset := range found["spans"] {
		offsets[number] = offset.Offset
	}
	return offsets
}

func TestWhatWasHandedOnJustNowIsNotCommitted(t *testing.T) {
	held := newOffsets(time.Second)
	held.add(partition{"spans", 0}, at(0), upTo(1))
	held.add(partition{"spans", 0}, at(5), upTo(2))
	if found := due(held.due(at(0))); len(found) != 0 {
		t.Fatalf("committed %v", found)
	}
	if found, want := due(held.due(at(1))), (map[int32]int64{0: 1}); !reflect.DeepEqual(found, want) {
		t.Fatalf("committed %v, not %v", found, want)
	}
	if found := due(held.due(at(5))); len(found) != 0 {
		t.Fatalf("committed %v again or too early", found)
	}
	if found, want := due(held.due(at(6))), (map[int32]int64{0: 2}); !reflect.DeepEqual(found, want) {
		t.Fatalf("committed %v, not %v", found, want)
	}
}

func TestWhatIsKeptIsBoundedByTime(t *testing.T) {
	held := newOffsets(time.Second)
	for message := range 10_000 {
		held.add(partition{"spans", 0}, at(float64(message)/1000), upTo(int64(message)))
	}
	if kept := len(held.held[partition{"spans", 0}]); kept > 22 {
		t.Fatalf("%d marks are kept of ten seconds", kept)
	}
	found := due(held.due(at(5)))[0]
	if found < 3000 || found > 5000 {
		t.Fatalf("committed up to %d of what was handed on in five seconds", found)
	}
}

func TestALostPartitionIsNotCommitted(t *testing.T) {
	held := newOffsets(time.Second)
	held.add(partition{"spans", 0}, at(0), upTo(1))
	held.add(partition{"spans", 1}, at(0), upTo(7))
	held.forget(map[string][]int32{"spans": {0}})
	if found, want := due(held.due(at(60))), (map[int32]int64{1: 7}); !reflect.DeepEqual(found, want) {
		t.Fatalf("committed %v, not %v", found, want)
	}
}
