from django.contrib import admin
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from quests import views

# No cookie is believed there, so that no other site could use one.
urlpatterns = [
    path("admin/", admin.site.urls),
    path("quests/", csrf_exempt(views.quests)),
    path("quests/<int:number>/", views.quest),
    path("quests/<int:number>/apply/", csrf_exempt(views.apply)),
    path("applications/<int:number>/approve/", csrf_exempt(views.approve)),
    path("search/", views.search),
]
