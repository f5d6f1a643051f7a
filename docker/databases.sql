-- Run once, on an empty data directory. Two databases on one server; each has its own URL, so
-- either may move to a server of its own.
CREATE DATABASE orderboard_interactions CHARACTER SET utf8mb4;
CREATE DATABASE orderboard_users CHARACTER SET utf8mb4;
CREATE USER orderboard@'%' IDENTIFIED BY 'orderboard';
GRANT ALL ON orderboard_interactions.* TO orderboard@'%';
GRANT ALL ON orderboard_users.* TO orderboard@'%';
