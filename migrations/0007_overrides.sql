CREATE TABLE `override_changes` (
	`revision` integer PRIMARY KEY NOT NULL,
	`utc_ms` integer NOT NULL,
	`subject` text NOT NULL,
	`field` text NOT NULL,
	`value` text,
	`author` text,
	`reason` text
);
--> statement-breakpoint
CREATE TABLE `overrides` (
	`subject` text NOT NULL,
	`field` text NOT NULL,
	`value` text,
	`revision` integer NOT NULL,
	PRIMARY KEY(`subject`, `field`)
);
--> statement-breakpoint
CREATE INDEX `overrides_revision` ON `overrides` (`revision`);