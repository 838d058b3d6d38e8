package servicelimit

import (
	"math"
	"sync"
	"time"
)

// window is how long a service's rate is counted before its share is set anew. Senders export in bursts,
// five seconds apart by default: it is longer than that.
const window = 10 * time.Second

// others are the services beyond those that are told apart.
const others = ""

// usage is what one service sent lately, and the share of it that passes.
type usage struct {
	since time.Time
	count float64
	share float64
	// What may still pass in this window, whatever the share: a burst does not wait for the window's end.
	left float64
}

// shares sets for each service which share of what it sends stays within its limit.
type shares struct {
	limit    float64
	services int
	lock     sync.Mutex
	used     map[string]*usage
}

func newShares(perSecond float64, services int) *shares {
	return &shares{limit: perSecond, services: services, used: map[string]*usage{}}
}

// of counts items of a service and returns the service they count for and the share of them that passes.
func (s *shares) of(service string, items int, now time.Time) (string, float64) {
	s.lock.Lock()
	defer s.lock.Unlock()
	used, known := s.used[service]
	if !known {
		if len(s.used) >= s.services {
			s.drop(now)
		}
		if len(s.used) >= s.services {
			service = others
		}
		if used, known = s.used[service]; !known {
			used = &usage{since: now, share: 1, left: s.limit * window.Seconds()}
			s.used[service] = used
		}
	}
	if passed := now.Sub(used.since); passed >= window {
		rate := used.count / passed.Seconds()
		*used = usage{since: now, share: math.Min(1, s.limit/math.Max(rate, 1e-9)), left: s.limit * window.Seconds()}
	}
	used.count += float64(items)
	share := used.share
	if expected := share * float64(items); expected > used.left {
		share *= used.left / expected
	}
	used.left -= share * float64(items)
	return service, share
}

// drop forgets services that have been silent for long.
func (s *shares) drop(now time.Time) {
	for service, used := range s.used {
		if now.Sub(used.since) > 6*window {
			delete(s.used, service)
		}
	}
}
