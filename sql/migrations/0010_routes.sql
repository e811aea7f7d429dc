-- What a connection is as a way out: said by an administrator, believed by nobody until then.
ALTER TABLE connection
    ADD COLUMN route_class text NOT NULL DEFAULT 'unknown',
    ADD COLUMN data_countries text[] NOT NULL DEFAULT '{}',   -- ISO 3166 codes of where its data live
    ADD COLUMN contract text NOT NULL DEFAULT '',             -- reference of the contract with the operator
    ADD COLUMN stop_returns boolean NOT NULL DEFAULT false,   -- a STOP to what went out this way comes back to us
    ADD CONSTRAINT connection_route_class_known CHECK (route_class IN ('direct', 'partner', 'unknown'));

-- Where a code can be answered; none: nothing is known, so everywhere.
ALTER TABLE short_code ADD COLUMN territories text[] NOT NULL DEFAULT '{}';
