from django.apps import AppConfig


class Quests(AppConfig):
    """Declares the checks before anything is served."""

    name = "quests"

    def ready(self) -> None:
        from quests import watch  # noqa: F401 - it needs the models
