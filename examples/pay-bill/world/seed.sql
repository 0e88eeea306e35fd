CREATE TABLE account (owner TEXT NOT NULL, balance_cents INTEGER NOT NULL);
INSERT INTO account VALUES ('Household Brandt', 125000);
CREATE TABLE payment (
  id INTEGER PRIMARY KEY,
  recipient TEXT NOT NULL,
  iban TEXT NOT NULL,
  amount_cents INTEGER NOT NULL,
  reference TEXT NOT NULL,
  idempotency_key TEXT UNIQUE
);
