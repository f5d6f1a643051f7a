SET SESSION unique_checks = 0, foreign_key_checks = 0;

-- Not of today, of which there may be few, and too young to expire.
INSERT INTO orders
SELECT seq, seq % (200000 DIV 200) + 1, IF(seq % 2, 'open', 'taken'), CONCAT('number ', seq),
    100000, 2, 'RUB', NULL, seq, UTC_TIMESTAMP(3) - INTERVAL 2 DAY, UTC_TIMESTAMP(3) - INTERVAL 2 DAY,
    1, NULL
FROM seq_1_to_200000;

INSERT INTO contracts
SELECT seq, seq * 2, seq * 2 % (200000 DIV 200) + 1, seq % (200000 DIV 200) + 1, IF(seq % 10, 'completed', 'accepted'), CONCAT('number ', seq), 100000,
    2000, 98000, 2, 'RUB', seq, '2026-01-01', '2026-01-01', 0
FROM seq_1_to_200000 WHERE seq * 2 <= 200000;

INSERT INTO journal
SELECT seq, CONCAT('00000000-0000-4000-8000-', LPAD(HEX(seq), 12, '0')),
    CONCAT('00000000-0000-4000-8000-', LPAD(HEX(seq - 1), 12, '0')), '[]', '2026-01-01'
FROM seq_1_to_200000;

INSERT INTO requests
SELECT 'customer', seq % (200000 DIV 200) + 1, CONCAT('key ', seq), REPEAT('x', 32), '{}', UTC_TIMESTAMP(3)
FROM seq_1_to_200000;

UPDATE board SET revision = 200000, orders = 200000, contracts = 200000 DIV 2, open_orders = 200000 DIV 2,
    batch = (SELECT batch FROM journal WHERE revision = 200000);

ANALYZE TABLE orders, contracts, journal, requests, board
