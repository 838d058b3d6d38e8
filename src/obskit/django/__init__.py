"""Django: `INSTALLED_APPS += ["obskit.django"]`, and `obskit.django.middleware.Middleware` first.

>>> import obskit.django
"""
