"""The shop, once for each contender. Each module has `app`, which gunicorn serves."""
