SET SESSION unique_checks = 0, foreign_key_checks = 0;

INSERT INTO customers
SELECT seq, (seq + 1) DIV 2, IF(seq % 2, 'RUB', 'USD'), 1, 1, 1, '2026-01-01',
    IF(seq % 2, (seq + 1) DIV 2, NULL)
FROM seq_1_to_200000;

INSERT INTO executors
SELECT seq, (seq + 1) DIV 2, IF(seq % 2, 'RUB', 'USD'), 1, 0, 0, 1, 1, '2026-01-01',
    IF(seq % 2, (seq + 1) DIV 2, NULL)
FROM seq_1_to_200000;

INSERT INTO earnings VALUES ('RUB', 1), ('USD', 1), ('EUR', 1);

UPDATE positions SET customers = 200000 DIV 2, executors = 200000 DIV 2;

INSERT INTO accounts
SELECT seq, CONCAT('person', seq), CONCAT('person', seq), 'x', 'customer', '2026-01-01'
FROM seq_1_to_200000;

INSERT INTO passes
SELECT seq, UNHEX(SHA2(seq, 256)), UUID(), seq, 'customer', IF(seq % 4, NULL, 'a label'),
    UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)
FROM seq_1_to_200000;

ANALYZE TABLE accounts, passes, customers, executors, earnings, positions
