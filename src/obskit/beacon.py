"""Page views: the script that measures them in a browser, and what takes what it sends.

>>> script("n0nce")  # before `init`, or without a path for it, there is none
''
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import urlsplit

import orjson

from obskit import default_runtime
from obskit.runtime import Runtime
from obskit.telemetry import pages

#: Bytes that a browser may send; our script sends a quarter.
MOST = 2_048
_OK, _TAKEN, _BAD, _FOREIGN, _LARGE, _BUSY = 200, 202, 400, 403, 413, 429

# Sent once, when the page is left or hidden: only then the layout shift and the slowest interaction
# are known. A page that was opened in the background says nothing of what people wait for.
_SCRIPT = """(function(d,w,p){
var v={},t={},i={},s=0,a=0,z=0,o,u=(d.currentScript||{}).src||%(path)s;
if(!w.PerformanceObserver||!navigator.sendBeacon||d.hidden||d.prerendering||Math.random()>=%(rate)s)return;
function on(k,f){try{new PerformanceObserver(function(l){l.getEntries().forEach(f)})
.observe({type:k,buffered:true,durationThreshold:16});return 1}catch(e){}}
on('paint',function(e){if(e.name=='first-contentful-paint')v.fcp=e.startTime});
on('largest-contentful-paint',function(e){v.lcp=e.startTime});
on('event',function(e){var n=e.interactionId;if(n)i[n]=Math.max(i[n]||0,e.duration)});
if((PerformanceObserver.supportedEntryTypes||[]).indexOf('layout-shift')>=0&&on('layout-shift',function(e){
if(e.hadRecentInput)return;
if(e.startTime-z>1e3||e.startTime-a>5e3){a=e.startTime;s=0}
z=e.startTime;s+=e.value;v.cls=Math.max(v.cls,s)}))v.cls=0;
function send(e){if(o||e.type!='pagehide'&&!d.hidden)return;
var n=p.getEntriesByType('navigation')[0],x=Object.values(i).sort(function(b,c){return c-b});
if(!n)return;o=1;
if(x.length)v.inp=x[Math.floor(x.length/50)];
[['ttfb',n.responseStart],['dom_interactive',n.domInteractive],
['dom_content_loaded',n.domContentLoadedEventEnd],['load',n.loadEventEnd]]
.forEach(function(b){if(b[1]>0)v[b[0]]=b[1]});
(n.serverTiming||[]).forEach(function(b){t[b.name]=b.description});
navigator.sendBeacon(u,JSON.stringify({trace:t.traceparent,route:t.route,values:v}))}
d.addEventListener('visibilitychange',send);w.addEventListener('pagehide',send)
})(document,window,performance)"""


def script(nonce: str | None = None) -> str:
    """The script as a tag, for the head of every page. Put it there unescaped.

    Args:
        nonce: That of the page's Content-Security-Policy, where it has one. A policy that allows no
            scripts in pages wants `<script src="…" defer></script>` with the path of the configuration.

    Returns:
        HTML; empty where no page views are taken.
    """
    runtime = default_runtime.current()
    if runtime is None or not is_on(runtime):
        return ""
    attribute = f' nonce="{escape(nonce)}"' if nonce else ""
    return f"<script{attribute}>{_written(runtime)}</script>"


def is_on(runtime: Runtime) -> bool:
    """Whether page views are taken.

    Args:
        runtime: What takes them.
    """
    return runtime.server is not None and runtime.server.pages is not None


def answer(
    runtime: Runtime, method: str, header: Callable[[str], str | None], body: bytes
) -> tuple[int, dict[str, Any] | bytes]:
    """What a request to the path is answered: the script, or what became of a page view.

    Args:
        runtime: What takes page views.
        method: The request's method.
        header: Gives a header's value by its name in lower case.
        body: The request's body; of one that is too large as much as shows that.
    """
    if method in {"GET", "HEAD"}:
        return _OK, _written(runtime).encode()
    code, why = _taken(runtime, method, header, body)
    if code != _TAKEN:
        runtime.ledger.refuse("metrics", f"page_view_{why}")
    return code, {"status": why}


def _taken(
    runtime: Runtime, method: str, header: Callable[[str], str | None], body: bytes
) -> tuple[int, str]:
    if method != "POST" or runtime.server is None or runtime.server.pages is None:
        return _BAD, "not_posted"
    if not _is_of_our_page(header):
        return _FOREIGN, "of_another_origin"
    if len(body) > MOST:
        return _LARGE, "too_large"
    if not runtime.server.pages.has_room():
        return _BUSY, "too_many"
    try:
        runtime.server.pages.record(pages.read(body))
    except ValueError:
        return _BAD, "malformed"
    except Exception:  # a meter of the host's own making
        return _BAD, "refused"
    return _TAKEN, "taken"


def _is_of_our_page(header: Callable[[str], str | None]) -> bool:
    """Whether a browser says that a page of ours sends it; one that does not say is not believed."""
    site = header("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(header("origin") or "").netloc
    except ValueError:
        return False
    return bool(origin) and origin.lower() == (header("host") or "").lower()


def _written(runtime: Runtime) -> str:
    config = runtime.config
    path = orjson.dumps(config.beacon_path).decode().replace("<", "\\u003c")
    return _SCRIPT % {"path": path, "rate": repr(float(config.beacon_sample_rate))}
