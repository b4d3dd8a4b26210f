from django.contrib.auth.management import create_permissions
from django.db import migrations

from orders.lifecycle import Role

ROOMS = ("orders", "integrations", "alerts")

# What the system is set up with, and who may come in.
CONFIGURATION = (
    "orders.company", "orders.shop", "orders.warehouse", "orders.warehouseoperator", "orders.membership",
    "orders.apikey", "orders.device", "orders.goods", "orders.barcode", "orders.bundlepart", "orders.skumap",
    "orders.giftrule", "orders.waybillaccount", "integrations.connection", "alerts.channel", "alerts.rule",
)
GOODS = ("orders.goods", "orders.barcode", "orders.bundlepart", "orders.skumap", "orders.giftrule")
ORDERS = ("orders.order", "orders.orderline", "orders.aftersale")
AT_THE_BENCH = (
    "orders.order", "orders.orderline", "orders.parcel", "orders.parcelline", "orders.packline", "orders.label",
    "orders.hold", "orders.scan",
)
FOR_THE_CUSTOMER = (
    *AT_THE_BENCH, "orders.aftersale", "orders.addresschange", "orders.interceptrequest", "orders.addressversion",
    "orders.claim", "orders.externaldocument", "orders.documentlink", "orders.printattempt", "orders.shop",
    "orders.warehouse", "orders.goods", "orders.skumap", "alerts.alert",
)


def rights(acts, models):
    """("view", "add"), ("orders.shop",) → orders.view_shop, orders.add_shop"""
    return {f"{app}.{act}_{model}" for app, model in (name.split(".") for name in models) for act in acts}


def table(everything):
    """Role → its permissions. `everything` are the names of all models of our rooms, history among them.

    These open pages of the back office. Who may make which *move* is not said here but in the policies.
    """
    see_all = rights(["view"], everything)
    return {
        Role.ADMIN: see_all
        | rights(["view", "add", "change", "delete"], CONFIGURATION)
        | rights(["view", "add", "change"], ["auth.user"])
        | rights(["view"], ["auth.group"]),
        Role.OPS_MANAGER: see_all
        | rights(["add", "change"], ["orders.transitionpolicy", "alerts.rule", *GOODS])
        | rights(["change"], ["orders.hold"])
        | {"orders.reveal_receiver", "orders.see_raw_messages"},
        Role.CS: rights(["view"], FOR_THE_CUSTOMER) | {"orders.reveal_receiver"},
        Role.WAREHOUSE_LEAD: rights(["view"], AT_THE_BENCH),
        Role.PICKER: rights(["view"], AT_THE_BENCH),
        Role.SHIPPER: rights(["view"], AT_THE_BENCH),
        Role.FINANCE: rights(["view"], ORDERS),
        Role.AUDITOR: see_all | rights(["view"], ["auth.user", "auth.group"]),
        Role.INTEGRATOR: set(),
    }


def fill_groups(apps, schema_editor=None):
    """One group per role, with at least these permissions; what a seller added to a group stays."""
    # Permissions are made after all migrations; these groups cannot wait for them.
    for app in ("auth", *ROOMS):
        config = apps.get_app_config(app)
        # A migration's stub of an app says nothing of its models, and would be taken for an app without any.
        config.models_module = getattr(config, "models_module", None) or True
        create_permissions(config, verbosity=0, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    known = {
        f"{app}.{codename}": pk
        for app, codename, pk in Permission.objects.values_list("content_type__app_label", "codename", "pk")
    }
    everything = [model._meta.label_lower for room in ROOMS for model in apps.get_app_config(room).get_models()]
    for role, names in table(everything).items():
        group, _made = Group.objects.get_or_create(name=str(role))
        group.permissions.add(*(known[name] for name in sorted(names)))


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_walls"),
        ("integrations", "0001_initial"),
        ("alerts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(fill_groups, migrations.RunPython.noop)]
