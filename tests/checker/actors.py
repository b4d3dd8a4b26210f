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
            if event.get("verb") == "policy_changed":
                self.policy_changed = True

    def name_of(self, event: Event) -> str:
        """A word like platform, wms, person; an API key is what it acts as, or "" where that is not in the trail."""
        actor: str = event["actor"]
        if actor.startswith("api_key:"):
            return self.acts_as.get(actor, "")
        return actor.partition(":")[0]
