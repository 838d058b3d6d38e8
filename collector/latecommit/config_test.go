package latecommit

import (
	"strings"
	"testing"
	"time"
)

func TestEveryValueThatCannotBeIsToldAtOnce(t *testing.T) {
	err := (&Config{CommitAfter: -time.Second}).Validate()
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, name := range []string{"brokers", "group_id", "topic", "commit_after"} {
		if !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s is not told of in %q", name, err)
		}
	}
}

func TestDefaultsWithBrokersAndGroupAreValid(t *testing.T) {
	config := NewFactory().CreateDefaultConfig().(*Config)
	config.Brokers, config.GroupID = []string{"127.0.0.1:9092"}, "gateway"
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
}
