CREATE TABLE `_sqlx_migrations` (
  `version` bigint(20) NOT NULL,
  `description` text NOT NULL,
  `installed_on` timestamp NOT NULL DEFAULT current_timestamp(),
  `success` tinyint(1) NOT NULL,
  `checksum` blob NOT NULL,
  `execution_time` bigint(20) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `_sqlx_migrations` VALUES
(1,'people','2026-11-29 02:52:48',1,0x0C25FED083A8ED96BE9C2DA0B0B1122A092CC559DBC19C93344CEE726C3D2BDA3BD1662C93F276063BB03B1E9F8EF5F1,170815734);
CREATE TABLE `customers` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `global_id` int(10) unsigned NOT NULL,
  `original_currency` char(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `orders_created` int(10) unsigned NOT NULL DEFAULT 0,
  `money_in_orders` decimal(38,0) NOT NULL DEFAULT 0,
  `gain` decimal(38,0) NOT NULL DEFAULT 0,
  `registered` datetime(3) NOT NULL,
  `ordinal` int(10) unsigned DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `customers_person` (`global_id`,`original_currency`),
  UNIQUE KEY `customers_ordinal` (`ordinal`),
  KEY `customers_registered` (`registered`)
) ENGINE=InnoDB AUTO_INCREMENT=19 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `customers` VALUES
(1,1,'RUB',2,1400000,28000,'2026-11-29 02:52:48.711',1),
(2,1,'USD',1,999500,19990,'2026-11-29 02:52:48.733',NULL),
(3,2,'JPY',1,50000,1000,'2026-11-29 02:52:48.753',2),
(4,2,'EUR',1,75000,1500,'2026-11-29 02:52:48.940',NULL),
(5,2,'RUB',2,0,0,'2026-11-29 02:52:48.956',NULL),
(6,1003,'EUR',6,5762200,115244,'2026-11-29 02:52:49.087',3),
(7,1004,'RUB',4,111305000,2226100,'2026-11-29 02:52:49.087',4),
(8,1002,'RUB',8,406999100,8139982,'2026-11-29 02:52:49.091',5),
(9,1001,'RUB',8,426401500,8528030,'2026-11-29 02:52:49.091',6),
(10,1004,'JPY',2,1130000,22600,'2026-11-29 02:52:49.097',NULL),
(11,1003,'USD',1,0,0,'2026-11-29 02:52:49.097',NULL),
(12,1001,'EUR',2,619500,12390,'2026-11-29 02:52:49.104',NULL),
(13,1004,'USD',2,340000,6800,'2026-11-29 02:52:49.109',NULL),
(14,1004,'EUR',4,3070000,61400,'2026-11-29 02:52:49.127',NULL),
(15,1002,'USD',1,260000,5200,'2026-11-29 02:52:49.127',NULL),
(16,1001,'USD',2,590000,11800,'2026-11-29 02:52:49.140',NULL),
(17,1003,'RUB',4,70506100,1410122,'2026-11-29 02:52:49.140',NULL),
(18,1002,'EUR',1,120000,2400,'2026-11-29 02:52:49.154',NULL);
CREATE TABLE `earnings` (
  `original_currency` char(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `gain` decimal(38,0) NOT NULL DEFAULT 0,
  PRIMARY KEY (`original_currency`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `earnings` VALUES
('EUR',15304),
('JPY',15600),
('RUB',12026070),
('USD',31990);
CREATE TABLE `executors` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `global_id` int(10) unsigned NOT NULL,
  `original_currency` char(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `orders_accepted` int(10) unsigned NOT NULL DEFAULT 0,
  `orders_completed` int(10) unsigned NOT NULL DEFAULT 0,
  `money_received` decimal(38,0) NOT NULL DEFAULT 0,
  `gain` decimal(38,0) NOT NULL DEFAULT 0,
  `registered` datetime(3) NOT NULL,
  `ordinal` int(10) unsigned DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `executors_person` (`global_id`,`original_currency`),
  UNIQUE KEY `executors_ordinal` (`ordinal`),
  KEY `executors_registered` (`registered`)
) ENGINE=InnoDB AUTO_INCREMENT=11 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `executors` VALUES
(1,9,'RUB',1,0,980000,20000,'2026-11-29 02:52:49.036',1),
(2,8,'JPY',1,0,49000,1000,'2026-11-29 02:52:49.062',2),
(3,2001,'EUR',2,0,417186,8514,'2026-11-29 02:52:49.097',3),
(4,2001,'USD',2,0,1312710,26790,'2026-11-29 02:52:49.109',NULL),
(5,2002,'RUB',4,0,211582000,4318000,'2026-11-29 02:52:49.113',4),
(6,2001,'RUB',5,0,136126900,2778100,'2026-11-29 02:52:49.127',NULL),
(7,2003,'EUR',1,0,332710,6790,'2026-11-29 02:52:49.134',5),
(8,2003,'JPY',1,0,715400,14600,'2026-11-29 02:52:49.163',NULL),
(9,2003,'RUB',3,0,240588530,4909970,'2026-11-29 02:52:49.179',NULL),
(10,2002,'USD',1,0,254800,5200,'2026-11-29 02:52:49.254',NULL);
CREATE TABLE `positions` (
  `follower` varchar(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `revision` bigint(20) unsigned NOT NULL,
  `batch` char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  `customers` int(10) unsigned NOT NULL DEFAULT 0,
  `executors` int(10) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (`follower`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `positions` VALUES
('statistics',33,'38b68f16-7612-4b84-9d80-abde07f469a5',6,5);
