"""A program needs the scope that the view names for the method; a person needs to work somewhere.

What a person may *do* is not asked here: the services ask policies and roles, under the lock.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from orders.api.authentication import Program, access_of


class HasScope(BasePermission):
    message = _("没有权限：密钥缺少所需的权限范围，或账号不在任何公司任职")
    code = "scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        caller: Any = request.user
        method = str(request.method)
        if not caller.is_authenticated:
            return False
        if method.lower() not in view.http_method_names or not hasattr(view, method.lower()):
            # The view will answer 405, which says more.
            return True
        if not isinstance(caller, Program):
            return bool(access_of(request))
        needed = getattr(view, "scopes", {}).get("GET" if method == "HEAD" else method)
        return needed is not None and needed in caller.key.scopes
