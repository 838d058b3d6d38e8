"""The status page: one page tells what is wrong, since when and why. Without JavaScript too.

`obskit.console.flask`, `.django`, `.asgi` and `.wsgi` mount it; `obskit console` serves it alone.
"""

from obskit.console.access import Viewer
from obskit.console.console import Console

__all__ = ["Console", "Viewer"]
