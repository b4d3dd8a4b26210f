"""Settings of the order tower. Everything that differs between installs comes from the environment, and only here.

`docs/operations.md` lists the variables. Shop credentials are not among them: they live in `Connection` rows.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from ordertower import back_office

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("TOWER_VAR", BASE_DIR / "var"))


def flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str) -> list[str]:
    return [word for word in os.environ.get(name, default).split(",") if word]


# Development is the default of a bare clone; an install for production sets TOWER_PRODUCTION=1 and its own secrets.
PRODUCTION = flag("TOWER_PRODUCTION", False)
DEBUG = flag("TOWER_DEBUG", False)


def kept_secret(variable: str, file_name: str) -> str:
    """A secret from the environment; on a bare clone one is made once and kept in a private file."""
    if given := os.environ.get(variable):
        return given
    if PRODUCTION:
        raise ImproperlyConfigured(f"{variable} must be set in production")
    path = VAR / file_name
    if not path.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = kept_secret("TOWER_SECRET_KEY", "secret_key")
# Newest first: new values are written with the first key, old ones read with any. Comma-separated.
TOWER_MASTER_KEYS = kept_secret("TOWER_MASTER_KEYS", "master_key").split(",")
TOWER_INDEX_KEY = kept_secret("TOWER_INDEX_KEY", "index_key")
TOWER_ANCHOR_KEY = kept_secret("TOWER_ANCHOR_KEY", "anchor_key")
TOWER_ANCHOR_FILE = Path(os.environ.get("TOWER_ANCHOR_FILE", VAR / "anchors.jsonl"))

ALLOWED_HOSTS = words("TOWER_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = words("TOWER_ORIGINS", "")
# Links in messages point here.
TOWER_URL = os.environ.get("TOWER_URL", "http://localhost:8000")

INSTALLED_APPS = [
    "ordertower.apps.OrderTowerConfig",
    # Without its own site: the tower has one, `TowerAdminConfig.default_site`.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ordertower.apps.TowerAdminConfig",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "import_export",
    "axes",
    "orders.apps.OrdersConfig",
    "integrations.apps.IntegrationsConfig",
    "alerts.apps.AlertsConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "ordertower.csp.PagePolicies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ordertower.language.ChosenLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "ordertower.urls"
WSGI_APPLICATION = "ordertower.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "ordertower" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database() -> dict[str, Any]:
    """SQLite beside the code by default; `DATABASE_URL=postgres://user:password@host:port/name` for PostgreSQL."""
    url = os.environ.get("DATABASE_URL", "")
    parts = urlsplit(url)
    if not url or parts.scheme == "sqlite":
        name = unquote(parts.path)[1:] if url else ""
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name or VAR / "tower.sqlite3",
            "OPTIONS": {
                # SQLite's busy wait is unfair: a writer was seen to wait 4 s, so be patient.
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728; "
                    "PRAGMA cache_size=-20000; PRAGMA journal_size_limit=67108864;"
                ),
            },
        }
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite://")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        # A pool refuses any other age.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 8, "timeout": 10, "max_lifetime": 1800, "max_idle": 300},
            "options": (
                "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
            ),
        },
    }


# A request is many short transactions, never one (a read inside a transaction waits for the writer on SQLite).
DATABASES = {"default": {**database(), "ATOMIC_REQUESTS": False}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# "SQLite does not support unique constraints with nulls distinct": there orders.models.walls makes them as indexes.
SILENCED_SYSTEM_CHECKS = ["models.W047"]

REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
SESSION_COOKIE_AGE = 12 * 3600
# A webhook of up to this size is verified, and parked with its reason where it is too large to be used.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "ordertower" / "static"]
# Files are found in the apps themselves, so that a bare clone serves them without a build step.
WHITENOISE_USE_FINDERS = not PRODUCTION
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# /admin/ needs 'unsafe-eval' (the theme's Alpine), /scan/ 'wasm-unsafe-eval'; they say so on their own views.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = flag("TOWER_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "orders.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["orders.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "orders.api.problems.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "订单指挥塔 API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# Celery: a message is only a hint that there is work; the rows are the work (law 9) ------------------------------
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "visibility_timeout": 3600,
        "queue_order_strategy": "priority",
        "priority_steps": [0, 3, 6, 9],
        "socket_keepalive": True,
        "health_check_interval": 30,
    }
    if REDIS_URL
    else {"polling_interval": 0.05}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1 if REDIS_URL else 8
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A thread cannot be cancelled, and what it does is safe to run twice: a lost broker shall not disturb it.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_DEFAULT_PRIORITY = 6
CELERY_TASK_DEFAULT_QUEUE = "ingest"
CELERY_TIMEZONE = TIME_ZONE
LANES = ("urgent", "ingest", "sync", "bulk")
CELERY_TASK_ROUTES = {
    "ordertower.tasks.drain": {"queue": "urgent"},
    "ordertower.tasks.run_urgent_jobs": {"queue": "urgent"},
    "ordertower.tasks.process_receipts": {"queue": "ingest"},
    "ordertower.tasks.run_ingest_jobs": {"queue": "ingest"},
    "ordertower.tasks.run_sync_jobs": {"queue": "sync"},
    "ordertower.tasks.run_bulk_jobs": {"queue": "bulk"},
    "ordertower.tasks.*": {"queue": "sync"},
}
# Beat finds what a lost hint left behind. Each entry may run twice at once without harm.
CELERY_BEAT_SCHEDULE = {
    name: {"task": f"ordertower.tasks.{task}", "schedule": every, "options": {"expires": max(every, 10)}}
    for name, task, every in [
        ("process receipts", "process_receipts", 1.0),
        ("drain events", "drain", 1.0),
        ("run urgent jobs", "run_urgent_jobs", 1.0),
        ("run ingest jobs", "run_ingest_jobs", 1.0),
        ("run sync jobs", "run_sync_jobs", 2.0),
        ("run bulk jobs", "run_bulk_jobs", 5.0),
        ("poll connections", "poll_connections", 2.0),
        ("watch connections", "watch_connections", 10.0),
        ("sweep deadlines", "sweep_deadlines", 10.0),
        ("keep the ledger", "keep_ledger", 60.0),
        ("listen for silence", "listen_for_silence", 20.0),
        ("watch contradictions", "watch_contradictions", 30.0),
        ("anchor the trail", "anchor_trail", 10.0),
        ("prepare partitions", "prepare_partitions", 21600.0),
    ]
}

# How the lower rooms reach the floors above without importing them (DESIGN 3) ------------------------------------
TOWER_CONSUMERS = ["integrations.writeback.plan", "integrations.contradictions.look", "alerts.intake.take"]
TOWER_GATES: list[str] = []
TOWER_WAKE = "ordertower.wake.wake"
# /readyz says no when the oldest row of a queue has been due for longer than this many seconds.
TOWER_READY_LAG = int(os.environ.get("TOWER_READY_LAG", "300"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("TOWER_LOG_LEVEL", "INFO")},
    # Ten ticks a second would drown everything else.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.beat", "celery.worker.strategy", "celery.app.trace")},
}

UNFOLD = back_office.UNFOLD
