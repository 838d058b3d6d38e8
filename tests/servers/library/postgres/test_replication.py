"""A real PostgreSQL server and its replica."""

from __future__ import annotations

from tests.servers.library.answers import judged, measured
from tests.servers.library.conftest import Cluster, folder

from obskit.checks.library import postgres
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


def test_a_replica_is_watched_from_both_ends(cluster: Cluster) -> None:
    subject = postgres.ReplicationLag(cluster.url)
    alone = subject()
    assert isinstance(alone, CheckResult)
    assert (alone.status, alone.message[:37]) == (
        Status.CRITICAL,
        "0 of 1 replicas are connected: see th",
    )
    assert judged(postgres.ReplicationLag(cluster.url, replicas=0)) == (0.0, "ok")
    with folder() as made:
        replica = Cluster(made)
        replica.run("pg_basebackup", "-d", cluster.url, "-D", replica.data, "-R", "-X", "stream")
        replica.start()
        try:
            of_replica = postgres.ReplicationLag(replica.url)
            while not isinstance(subject(), Measurement):
                pass
            assert judged(subject)[1] == "ok"
            assert measured(subject).details == {"replicas": 1}
            while measured(of_replica).message:
                pass
            replica.execute("SELECT pg_wal_replay_pause()")
            cluster.execute("CREATE TABLE IF NOT EXISTS moved AS SELECT generate_series(1, 1000)")
            while not measured(of_replica).value:
                pass
            replica.execute("SELECT pg_wal_replay_resume()")
            while measured(of_replica).value:
                pass
        finally:
            replica.stop()
    cluster.execute("DROP TABLE moved")
    assert isinstance(subject(), CheckResult)
