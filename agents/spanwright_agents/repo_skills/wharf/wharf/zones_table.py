"""Zones by country."""

ZONES = {
    "AT": 1,
    "BE": 1,
    "CH": 2,
    "CZ": 2,
    "DE": 1,
    "DK": 2,
    "ES": 3,
    "FI": 4,
    "FR": 1,
    "GB": 3,
    "IT": 2,
    "LU": 1,
    "NL": 1,
    "NO": 4,
    "PL": 2,
    "SE": 3,
}

NAMES = {
    "AT": "Austria",
    "BE": "Belgium",
    "CH": "Switzerland",
    "CZ": "Czechia",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "IT": "Italy",
    "LU": "Luxembourg",
    "NL": "Netherlands",
    "NO": "Norway",
    "PL": "Poland",
    "SE": "Sweden",
}
