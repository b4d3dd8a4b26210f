from django.urls import path

from orders.scan import views

app_name = "scan"
urlpatterns = [
    path("", views.page, name="page"),
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
