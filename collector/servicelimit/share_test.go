package servicelimit

import (
	"math"
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// passed is how many items pass when a service sends `each` items ten times a second.
func passed(shares *shares, service string, each, seconds int) float64 {
	sum := 0.0
	for tick := range seconds * 10 {
		_, share := shares.of(service, each, begin.Add(time.Duration(tick)*100*time.Millisecond))
		sum += share * float64(each)
	}
	return sum
}

func TestAServiceWithinItsRateIsLeftWhole(t *testing.T) {
	if sum := passed(newShares(100, 10), "shop", 10, 20); sum != 2000 {
		t.Fatalf("%v of 2000 passed", sum)
	}
}

func TestABurstNowAndThenWithinTheRateIsLeftWhole(t *testing.T) {
	limited := newShares(100, 10)
	for tick := range 20 {
		if _, share := limited.of("shop", 500, begin.Add(time.Duration(tick)*5*time.Second)); share != 1 {
			t.Fatalf("a share of %v of burst %d passed", share, tick)
		}
	}
}

func TestANoisyServiceIsHeldToItsRate(t *testing.T) {
	sum := passed(newShares(100, 10), "shop", 1000, 20)
	if sum < 1900 || sum > 2200 {
		t.Fatalf("%v passed in 20 seconds at 100 a second", sum)
	}
}

func TestANoisyServiceTakesNothingFromAnother(t *testing.T) {
	limited := newShares(100, 10)
	for tick := range 100 {
		now := begin.Add(time.Duration(tick) * 100 * time.Millisecond)
		limited.of("noisy", 10_000, now)
		if _, share := limited.of("quiet", 5, now); share != 1 {
			t.Fatalf("only %v of the quiet service passed", share)
		}
	}
}

func TestABurstIsBoundedAtOnce(t *testing.T) {
	limited := newShares(100, 10)
	_, share := limited.of("shop", 10_000, begin)
	if math.Abs(share-0.1) > 1e-9 {
		t.Fatalf("a share of %v passed", share)
	}
	if _, share = limited.of("shop", 1000, begin); share != 0 {
		t.Fatalf("a share of %v passed after it", share)
	}
}

func TestServicesBeyondThoseToldApartShareALimit(t *testing.T) {
	limited := newShares(100, 2)
	for _, service := range []string{"a", "b", "c", "d"} {
		limited.of(service, 600, begin)
	}
	if name, share := limited.of("e", 600, begin); name != others || share != 0 {
		t.Fatalf("%q got a share of %v", name, share)
	}
	if len(limited.used) != 3 {
		t.Fatalf("%d services are known", len(limited.used))
	}
}

func TestASilentServiceMakesRoom(t *testing.T) {
	limited := newShares(100, 1)
	limited.of("a", 1, begin)
	if name, _ := limited.of("b", 1, begin.Add(61*time.Second)); name != "b" {
		t.Fatalf("it counts for %q", name)
	}
}

func TestAServiceThatCalmsDownIsWholeAgain(t *testing.T) {
	limited := newShares(100, 10)
	limited.of("shop", 10_000, begin)
	limited.of("shop", 10, begin.Add(10*time.Second)) // counted by what was before
	if _, share := limited.of("shop", 10, begin.Add(20*time.Second)); share != 1 {
		t.Fatalf("a share of %v passed", share)
	}
}
