"""The paths under `/api/v1/`: a promise to other people's scripts."""

from django.urls import path

from orders.api import events, holds, orders, parcels, scans, tenancy

urlpatterns = [
    path("orders/", orders.Orders.as_view()),
    path("orders/bulk/", orders.OrdersBulk.as_view()),
    path("orders/<int:order_id>/", orders.OrderDetail.as_view()),
    path("orders/<int:order_id>/timeline/", orders.OrderTimeline.as_view()),
    path("orders/<int:order_id>/moves/", orders.OrderMoves.as_view()),
    path("orders/<int:order_id>/holds/", orders.OrderHolds.as_view()),
    path("parcels/<int:parcel_id>/", parcels.ParcelDetail.as_view()),
    path("parcels/<int:parcel_id>/moves/", parcels.ParcelMoves.as_view()),
    path("parcels/<int:parcel_id>/waybill/", parcels.ParcelWaybill.as_view()),
    path("parcels/<int:parcel_id>/print-requests/", parcels.PrintRequests.as_view()),
    path("print-requests/<int:attempt_id>/result/", parcels.PrintResult.as_view()),
    path("holds/", holds.Holds.as_view()),
    path("holds/<int:hold_id>/lift/", holds.HoldLift.as_view()),
    path("holds/<int:hold_id>/confirm/", holds.HoldConfirm.as_view()),
    path("scans/", scans.Scans.as_view()),
    path("events/", events.Events.as_view()),
    path("companies/", tenancy.Companies.as_view()),
    path("shops/", tenancy.Shops.as_view()),
    path("warehouses/", tenancy.Warehouses.as_view()),
]
