"""Lines that break the rules of rules.yml, and lines that keep them.

Nothing imports this file: `semgrep scan --test` reads it.
"""
# ruff: noqa
# mypy: ignore-errors

# ruleid: untrusted-text-as-markdown
MetadataValue.md(record["description"])
# ok: untrusted-text-as-markdown
MetadataValue.md("one row a record")

# ruleid: value-inside-sql
tx.rows(f"SELECT 1 FROM raw.x WHERE id = '{key}'")
# ok: value-inside-sql
tx.rows(f"SELECT 1 FROM raw.{dataset} WHERE id = $key", key=key)

# ruleid: http-without-a-time-limit
httpx.Client(base_url=url)
# ruleid: http-without-a-time-limit
httpx.get(url)
# ok: http-without-a-time-limit
httpx.get(url, timeout=5)

# ruleid: redirects-are-followed
httpx.get(url, timeout=5, follow_redirects=True)
# ok: redirects-are-followed
httpx.get(url, timeout=5, follow_redirects=False)

# ruleid: local-variables-in-logs
Litestar(routes, debug=True)
# ok: local-variables-in-logs
Litestar(routes, debug=False)

# ruleid: token-without-fixed-algorithms
jwt.decode(token, key)
# ok: token-without-fixed-algorithms
jwt.decode(token, key, algorithms=["RS256"])

# ruleid: secret-compared-in-the-open
settings.api_key.get_secret_value() == given
# ok: secret-compared-in-the-open
hmac.compare_digest(settings.api_key.get_secret_value(), given)

# ruleid: archive-unpacked-where-it-says
tar.extractall(folder)
# ok: archive-unpacked-where-it-says
tar.extractfile(member)
