-- The shop: what was ordered, and what the desk did about it.
CREATE TABLE orders (
    ref TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('processing', 'shipped', 'delivered')),
    delivered_days_ago INTEGER,
    carrier TEXT NOT NULL,
    state TEXT NOT NULL,
    due TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;

CREATE TABLE items (
    ref TEXT NOT NULL REFERENCES orders (ref),
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    size TEXT NOT NULL,
    cents INTEGER NOT NULL
) STRICT;

CREATE INDEX items_of_order ON items (ref);

-- One row for each thing that the desk did: `what` names it, `how` says it in full.
CREATE TABLE deeds (
    number INTEGER PRIMARY KEY,
    what TEXT NOT NULL,
    ref TEXT NOT NULL,
    how TEXT NOT NULL
) STRICT;
