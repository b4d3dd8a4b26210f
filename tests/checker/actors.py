"""Who acted: people by their role, API keys by what they act as, systems by name."""

from pathlib import Path

from .reading import Event, company_events_in


class Actors:
    """Knows from the company's stream what every API key acts as."""

    def __init__(self) -> None:
        self.acts_as: dict[str, str] = {}
        self.policy_changed = False

    def learn_from(self, path: Path) -> None:
        for event in company_events_in(path):
            facts = event.get("facts")
            facts = facts if isinstance(facts, dict) else {}
            if "api_key" in facts and facts.get("acts_as"):
                self.acts_as[f"api_key:{facts['api_key']}"] = str(facts["acts_as"])
            if "policy" in str(event.get("verb")):
                self.policy_changed = True

    def name_of(self, event: Event) -> str:
        """A word like platform, wms, person; an API key is what it acts as, or "" where that is not in the trail."""
        actor: str = event["actor"]
        if actor.startswith("api_key:"):
            return self.acts_as.get(actor, "")
        return actor.partition(":")[0]

    def reporters_of(self, act: list[Event]) -> set[str]:
        """Whose word an act records: its actors, and the system that its facts name."""
        names = {self.name_of(event) for event in act}
        names.update(
            str(event["facts"]["system"])
            for event in act
            if event["verb"] in ("fact", "order_seen") and "system" in event["facts"]
        )
        return names
