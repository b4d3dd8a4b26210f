"""What every page of the back office shares: only one's own companies, no count of millions, no edit past a service."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from orders.admin import words
from orders.lifecycle import CauseKind
from orders.models import Company, Goods, Shop, Warehouse
from orders.selectors.order_page import person_name
from orders.selectors.scope import within
from orders.vocabulary import Cause

# A list shows at most so many rows, page by page; beyond that a person searches or filters.
LONGEST_LIST = 1000


# For models that do not name these fields themselves.
LABELS = {"company": gettext_lazy("公司"), "shop": gettext_lazy("店铺"), "warehouse": gettext_lazy("仓库")}


class CappedPaginator(Paginator):
    """Counts no further than a person turns pages, and says so: "1000+"."""

    template_name = "tower/pagination.html"

    @cached_property
    def found(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: LONGEST_LIST + 1].count()) if isinstance(rows, QuerySet) else len(rows)

    @cached_property
    def count(self) -> int:
        return min(self.found, LONGEST_LIST)

    @property
    def shown_count(self) -> str:
        return f"{LONGEST_LIST}+" if self.found > LONGEST_LIST else str(self.found)


class TowerChangeList(ChangeList):
    """Says how many rows there are once, at the paginator, and no further than that counts."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count


class DefaultStateFilter(SimpleListFilter):
    """A filter by state that without a choice shows what waits for a person, and everything only when asked."""

    title = gettext_lazy("状态")
    parameter_name = "state"
    states: Any = None
    default: Any = None
    default_label: Any = ""

    def by_default(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.default)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*self.states.choices, ("all", gettext_lazy("全部"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": self.default_label or self.default.label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        if self.value() in self.states.values:
            return queryset.filter(state=self.value())
        return self.by_default(queryset)


class OwnFilter(SimpleListFilter):
    """One of the person's own shops, connections …"""

    model: Any = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = within(self.model.objects.order_by("name"), request.user).values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{f"{self.parameter_name}_id": int(value)}) if value and value.isdecimal() else queryset


class ShopFilter(OwnFilter):
    title = LABELS["shop"]
    parameter_name = "shop"
    model = Shop


class TowerAdmin(ModelAdmin):
    """A list and a form within the person's companies. `company_path` leads from a row to its company."""

    company_path = "company"
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = CappedPaginator
    # A count beside each filter would count the whole table for each.
    show_facets = ShowFacets.NEVER
    actions = None
    list_filter_sheet = True
    warn_unsaved_form = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TowerChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return within(super().get_queryset(request), request.user, self.company_path)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        if "queryset" not in kwargs and (choices := choices_of(db_field.related_model, request)) is not None:
            kwargs["queryset"] = choices
        if db_field.name in LABELS:
            kwargs.setdefault("label", LABELS[db_field.name])
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def own_row(self, request: HttpRequest, row_id: object) -> Any:
        """The row for a page of ours: 404 where it is not this person's, 403 where they may not look."""
        row = self.get_object(request, str(row_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing that has ever counted is deleted; it is switched off."""
        return False


def column(name: str, label: Any) -> Callable[[Any, Any], Any]:
    """A column or read-only field under words of its own, where the model has none; a time as its age."""

    def shown(self: Any, row: Any) -> Any:
        value = getattr(row, name)
        if isinstance(value, datetime):
            return words.ago(value)
        return "-" if value in (None, "") else value

    shown.short_description = label  # type: ignore[attr-defined]
    return shown


def choices_of(model: Any, request: HttpRequest) -> QuerySet[Any] | None:
    """The rows that a form may offer this person; `None` where the model belongs to no company."""
    if model is Company:
        return within(Company.objects.all(), request.user, "pk")
    if model in (Shop, Warehouse, Goods):
        return within(model.objects.all(), request.user)
    return None


class ReadOnly:
    """Services write this; people look."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WithHistory(SimpleHistoryAdmin):
    """The field history, within the person's companies, and without its way to write an old row back."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._insist_on_own(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._insist_on_own(request, object_id)
        if request.method != "GET":
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)

    def revert_disabled(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, **options: Any) -> None:
        super().set_history_delta_changes(request, historical_records, **options)
        for record in historical_records:
            record.history_change_reason = self.reason_in_words(record.history_change_reason or "")

    def reason_in_words(self, reason: str) -> str:
        return reason

    def _insist_on_own(self, request: HttpRequest, object_id: str) -> None:
        """simple-history itself shows the history of what the queryset hides."""
        if self.get_object(request, object_id) is None:
            raise Http404


class SavedByService:
    """For forms whose `save_model` calls a service that is itself the outermost transaction (law 4)."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        # Django's own opens a transaction around everything; the theme's sets its form classes first.
        from django.contrib.admin import helpers
        from unfold.forms import AdminForm, Fieldline

        helpers.AdminForm = AdminForm  # type: ignore[misc]
        helpers.Fieldline = Fieldline  # type: ignore[misc]
        return self._changeform_view(request, object_id, form_url, extra_context or {})  # type: ignore[attr-defined]


def person_of(request: HttpRequest) -> User:
    """Who is logged in: `admin_view` lets nobody else through."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def by_person(request: HttpRequest, *, reason: str = "") -> Cause:
    """The person at the back office as the cause of what they ask for."""
    return Cause(
        kind=CauseKind.PERSON,
        user_id=person_of(request).pk,
        source=f"后台 {person_name(request.user)}",
        reason=reason,
    )
