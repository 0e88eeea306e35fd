CREATE TABLE orders (id INTEGER PRIMARY KEY, region TEXT NOT NULL, month TEXT NOT NULL, product TEXT NOT NULL, amount INTEGER NOT NULL);
INSERT INTO orders (region, month, product, amount) VALUES
  ('EU', '2027-01', 'Basalt', 12400), ('EU', '2027-01', 'Quartz', 8100), ('EU', '2027-02', 'Basalt', 13900),
  ('EU', '2027-02', 'Quartz', 7700), ('EU', '2027-03', 'Basalt', 15200), ('EU', '2027-03', 'Agate', 4300),
  ('US', '2027-01', 'Basalt', 20100), ('US', '2027-02', 'Quartz', 9900), ('US', '2027-03', 'Agate', 6100);
