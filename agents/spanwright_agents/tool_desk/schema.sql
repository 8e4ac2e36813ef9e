-- The house: what there is, what was looked at, and what was done.
CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, address TEXT NOT NULL,
    level TEXT NOT NULL DEFAULT 'BASIC', blocked_until TEXT, closed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL, stock INTEGER NOT NULL,
    on_sale INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers (id),
    product TEXT NOT NULL REFERENCES products (id), count INTEGER NOT NULL, status TEXT NOT NULL,
    held_until TEXT) STRICT;
CREATE TABLE invoices (id TEXT PRIMARY KEY, "order" TEXT NOT NULL REFERENCES orders (id), cents INTEGER NOT NULL,
    status TEXT NOT NULL, instalments INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE TABLE parcels (id TEXT PRIMARY KEY, "order" TEXT NOT NULL REFERENCES orders (id), status TEXT NOT NULL,
    due TEXT NOT NULL, address TEXT NOT NULL) STRICT;
CREATE INDEX orders_of_customer ON orders (customer);

-- One row for each look and each deed: `what` names the kind, `how` says it in full.
CREATE TABLE reads (number INTEGER PRIMARY KEY, what TEXT NOT NULL, id TEXT NOT NULL) STRICT;
CREATE TABLE deeds (number INTEGER PRIMARY KEY, what TEXT NOT NULL, id TEXT NOT NULL, how TEXT NOT NULL) STRICT;
