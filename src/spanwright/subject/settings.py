"""Settings of a model, and the model itself, as components: each one of a few values that the user lists.

Which value is best is measured, not reflected on. A component's text is the value as JSON, of a model its name; an
empty text leaves the setting to the agent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from pydantic_ai.models import Model, ModelRequestContext
from pydantic_ai.settings import ModelSettings

from spanwright.core.candidate import Component, Kind
from spanwright.errors import UsageError
from spanwright.models import innermost, model_id, resolve
from spanwright.subject import ids
from spanwright.subject.nearest import nearest

SettingValue: TypeAlias = str | int | float | bool | Model
Settings: TypeAlias = Mapping[str, Sequence[SettingValue]]
"""Values to search among, by the setting, `temperature`, or by agent and setting, `support/temperature`. Settings are
those of pydantic-ai's ModelSettings and of its providers, and `model`: names, or Model objects."""

MODEL = "model"
_KNOWN = (MODEL, *ModelSettings.__annotations__)


class Choices:
    """The settings of agents that were decorated together, and the values to search among."""

    def __init__(self, given: Settings, agents: Sequence[str]) -> None:
        """Keep values by their settings. Raises UsageError for settings that nobody knows, and for what is no value."""
        self._given = given
        self._models: dict[str, Model] = {}
        self._texts = {key: self._checked(key, values, agents) for key, values in given.items()}

    @property
    def models(self) -> Mapping[str, Model]:
        """The models to choose among, by their names. Raises UsageError for a name that does not resolve."""
        names = [text for key, texts in self._texts.items() if _setting(key) == MODEL for text in texts]
        return {name: self.model(name) for name in names}

    def model(self, name: str) -> Model:
        """Return a model by its name."""
        if name not in self._models:
            self._models[name] = resolve(name)
        return self._models[name]

    def components(self, agent: str, settings: ModelSettings | None, model: str) -> Iterator[Component]:
        """Yield the settings of an agent as components; `settings` and `model` are those that it has."""
        for key, texts in self._texts.items():
            owner, _, name = key.rpartition("/")
            if owner and owner != agent:
                continue
            own = model if name == MODEL else _text((settings or {}).get(name))
            yield Component(
                id=ids.setting(agent, name),
                kind=Kind.SETTING,
                agent=agent,
                text=own,
                reach=f"The setting {name} of the model of agent {agent}.",
                values=tuple(dict.fromkeys((own, *texts))),
            )

    def _checked(self, key: str, values: Sequence[SettingValue], agents: Sequence[str]) -> tuple[str, ...]:
        owner, _, name = key.rpartition("/")
        if owner and owner not in agents:
            raise UsageError(f"settings= names the agent {owner!r}", f"Decorated here: {', '.join(agents)}")
        likely = None if name in _KNOWN else nearest(name, _KNOWN)
        if likely is not None or not name.isidentifier():
            hint = f"Is it {likely!r}?" if likely else f"Known are {', '.join(_KNOWN)}"
            raise UsageError(f"settings= has {name!r}, which is no setting of a model", hint)
        if isinstance(values, str) or not values:
            raise UsageError(f"settings={{{key!r}: {values!r}}} lists no values", f"Give a list: {{{key!r}: [...]}}")
        return tuple(self._said(key, name, value) for value in values)

    def _said(self, key: str, name: str, value: SettingValue) -> str:
        if isinstance(value, Model):
            said = model_id(value)
            if name != MODEL or self._models.setdefault(said, value) is not value:
                raise UsageError(f"settings={{{key!r}: ...}} has the model {said!r} twice, or in vain", "Leave it out")
            return said
        if name == MODEL and isinstance(value, str):
            return value
        if name == MODEL or not isinstance(value, str | int | float | bool):  # pyright: ignore[reportUnnecessaryIsInstance]  (users are not checked)
            raise UsageError(f"settings={{{key!r}: ...}} has the value {value!r}", "Give texts, numbers, True or False")
        return _text(value)


def set_in(request_context: ModelRequestContext, texts: Mapping[str, str], choices: Choices | None) -> None:
    """Put settings into a request. Raises UsageError for a model that does not resolve."""
    values = {name: cast("object", json.loads(text)) for name, text in texts.items() if name != MODEL and text}
    if values:
        settings = {**(request_context.model_settings or {}), **values}
        request_context.model_settings = cast("ModelSettings", settings)
    name = texts.get(MODEL)
    if name and name != model_id(innermost(request_context.model)):
        request_context.model = resolve(name) if choices is None else choices.model(name)


def _setting(key: str) -> str:
    return key.rpartition("/")[2]


def _text(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
