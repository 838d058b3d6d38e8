"""The run: everything is started, left alone, broken, mended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.e2e.reading import prometheus
from tests.e2e.stack import Stack
from tests.e2e.waiting import wait_until
from tests.e2e.webhook import WebhookReceiver

from obskit import Registry
from obskit.alerts.alertmanager.rendering import render
from obskit.alerts.inventory import Inventory
from obskit.receivers.reading import directory_of

from .breaking import synchronised, visitors
from .faults import Fault, faults
from .house import SCALE, House
from .postgres import Postgres
from .servers import Gateway, TlsServer
from .shops import World, plans
from .told import Run, Told, awaited, others, said

#: Seconds from one fault to the next: so many at one moment would be a fault of the machine.
BETWEEN = 2.0


def carried_out(folder: Path) -> Run:
    """Start all, leave it alone, break everything, mend it, and gather what was told."""
    with ExitStack() as leaving:
        heartbeat = WebhookReceiver()
        leaving.callback(heartbeat.close)
        world = built(folder, leaving)
        stack, other = (leaving.enter_context(Stack(folder / name)) for name in ("all", "one"))
        houses = moved_in(world, folder / "shops", stack, other, leaving)
        started(houses, heartbeat, stack, other, leaving)
        began = time.monotonic()
        await_quiet(stack, other)
        calm = time.monotonic() - began
        before = [*stack.webhook.notifications, *other.webhook.notifications]
        beats = heard(heartbeat)
        told = all_broken(faults(world, houses, stack, other), houses, stack, other)
        messages = [*stack.webhook.notifications, *other.webhook.notifications]
        counted = {
            each.fault.name: replace(
                each,
                messages=sum(said(each.fault, message) == "firing" for message in messages),
                endings=sum(said(each.fault, message) == "resolved" for message in messages),
            )
            for each in told
        }
        left = others([each.fault for each in told], messages)
        return Run(counted, left, calm, before, beats, heard(heartbeat))


def heard(heartbeat: WebhookReceiver) -> list[str]:
    """The names of the alerts that the watchdog's receiver has heard of."""
    return [
        alert["labels"]["alertname"] for beat in heartbeat.notifications for alert in beat.alerts
    ]


def built(folder: Path, leaving: ExitStack) -> World:
    """What the shops talk to."""
    gateways = {name: Gateway() for name in ("well", "web", "hung", "telemetry")}
    for gateway in gateways.values():
        leaving.callback(gateway.close)
    tls = TlsServer(folder / "ca.pem")
    leaving.callback(tls.close)
    postgres = Postgres()
    leaving.callback(postgres.close)
    return World(gateways, tls, postgres)


def moved_in(
    world: World, folder: Path, stack: Stack, other: Stack, leaving: ExitStack
) -> dict[str, House]:
    """The shops, with their rules; nothing of them runs yet."""
    houses = {}
    for name, plan in plans(world).items():
        env = {
            "SHOP_GATEWAY": world.gateways.get(name, world.gateways["well"]).url,
            "SHOP_POSTGRES": world.postgres.address,
            "SHOP_TLS_PORT": str(world.tls.port),
            "SHOP_TLS_AUTHORITY": str(folder.parent / "ca.pem"),
        }
        to = (other if name == "collector" else stack).url("collector_otlp_http")
        houses[name] = House(name, plan, folder, to, env)
        leaving.callback(houses[name].close)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(House.generate, houses.values()))
    return houses


def started(
    houses: Mapping[str, House],
    heartbeat: WebhookReceiver,
    stack: Stack,
    other: Stack,
    leaving: ExitStack,
) -> None:
    """Start the shops, then what watches them."""
    # The rules of a job that never ran come later.
    here = [house for house in houses.values() if house.name not in {"collector", "never"}]
    for each, watched in ((stack, here), (other, [houses["collector"]])):
        configured(each, heartbeat, watched)
        each.start("collector")
    for name in ("control", "files"):
        houses[name].goes_on(synchronised)
    for house in houses.values():
        house.start()
    for house in houses.values():
        house.await_ready()
    for each in (stack, other):
        each.start("prometheus", "alertmanager")
    going_on(houses, leaving)


def configured(stack: Stack, heartbeat: WebhookReceiver, houses: Sequence[House]) -> None:
    """Give a stack the rules of shops, and who hears of them."""
    rules, target = stack.directory / "rules", stack.directory / "alertmanager.yml"
    rules.mkdir(parents=True)
    for house in houses:
        # The rules of the pipeline are the same of all, but for their times.
        for file in house.rules.glob("*.yml" if house is houses[0] else "shop@*.yml"):
            (rules / file.name).write_text(file.read_text())
    told = {
        "receivers": {
            "people": {"webhook": {"url": stack.webhook.url}},
            "heartbeat": {"webhook": {"url": heartbeat.url}},
        },
        "default": {"receiver": "people"},
        "watchdog": {"receiver": "heartbeat"},
    }
    registry = Registry()
    registry.add("database", lambda: None, every="2s")
    for number in range(12):
        registry.add(f"report-{number}", lambda: None, every="2s", depends_on=["database"])
    inventory = Inventory("shop", houses[0].name, registry, scale=SCALE)
    render(target, inventory, directory_of(told, "alerts.toml"))
    stack.instead["collector/prometheus/rules"] = rules
    stack.instead["collector/alertmanager/alertmanager.yml"] = target
    # These rules have been shortened already. So many a second would be too much for two cores.
    del stack.intervals[r"keep_firing_for: \S+"]
    stack.intervals[r"evaluation_interval: \S+"] = "evaluation_interval: 2s"


def going_on(houses: Mapping[str, House], leaving: ExitStack) -> None:
    """What happens in the shops all the time."""
    houses["quiet"].goes_on(visitors)
    for name in ("control", "web", "telemetry", "labels", "killed", "restarts"):
        leaving.enter_context(houses[name].visited("/", 0.5))
    for path, people in (("/orders", 1), ("/pay", 1), ("/search", 5)):
        leaving.enter_context(houses["web"].visited(path, 0.5, people))
    for path, every in (("/orders", 1.0), ("/pay", 1.0), ("/search", 1.0), ("/maps/1", 2.0)):
        leaving.enter_context(houses["control"].visited(path, every))


def await_quiet(*stacks: Stack) -> None:
    """Return when nothing was wrong for a while, and what compares weeks has one behind it."""
    quiet = 'obskit:http_requests:rate{deployment_environment_name="quiet"}'
    before = f"last_over_time({quiet}[20s] offset 80s) > 0"
    base, last = (stack.url("prometheus_http") for stack in stacks)
    wait_until("people came before", partial(prometheus, base, before), seconds=240)
    rules = "count(obskit:service:expected)"
    wait_until("the rules are there", partial(prometheus, last, rules))
    for each in (base, last):
        wait_until("nothing is wrong", partial(is_calm, each), seconds=120)


def is_calm(base: str) -> bool:
    """Whether no alert was there of late, not even pending."""
    alerts = 'ALERTS{alertname!="Watchdog"}'
    return not prometheus(base, f"count_over_time(({alerts})[20s:1s])")


def all_broken(
    chosen: Sequence[Fault], houses: Mapping[str, House], *stacks: Stack
) -> Sequence[Told]:
    """Break one after the other without waiting for what comes of it, and return what did."""
    with ThreadPoolExecutor(len(chosen)) as threads:
        going = []
        for fault in chosen:
            scale = houses[fault.where].plan.scale
            going.append(threads.submit(broken, fault, scale, stacks))
            time.sleep(10 if fault.reloads else BETWEEN)
        told = [each.result() for each in going]
        # A process ends with the thread that has started it.
        time.sleep(5)  # for what may still be told
    return told


def broken(fault: Fault, scale: float, stacks: Sequence[Stack]) -> Told:
    """Break, wait until it is told, mend, wait until that is told."""
    began = time.monotonic()
    with fault.breaks():
        seconds = awaited(fault, "firing", 120, began, stacks)
        time.sleep(max(0.0, began + fault.at_least - time.monotonic()))
        ended = time.monotonic()
    resolved = awaited(fault, "resolved", 150, ended, stacks) if seconds else None
    return Told(fault, scale, seconds, resolved)
