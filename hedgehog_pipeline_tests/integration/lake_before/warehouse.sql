CREATE SCHEMA hedgehog;
CREATE TABLE hedgehog.commits (
    number bigint NOT NULL,
    log text NOT NULL,
    batch text NOT NULL,
    kind text NOT NULL,
    date date NOT NULL,
    through bigint NOT NULL,
    archive_complete boolean NOT NULL,
    loaded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
COMMENT ON TABLE hedgehog.commits IS 'The processed commits that this warehouse holds';
CREATE TABLE hedgehog.quarantine (
    table_name text NOT NULL,
    key text NOT NULL,
    ingestion_commit bigint NOT NULL,
    part text NOT NULL,
    line bigint NOT NULL,
    column_name text NOT NULL,
    value text,
    reason text,
    processed_commit bigint NOT NULL
);
COMMENT ON TABLE hedgehog.quarantine IS 'Values for which rows of the shop could not be taken';
CREATE TABLE hedgehog.readmitted (
    table_name text NOT NULL,
    key text NOT NULL,
    ingestion_commit bigint NOT NULL
);
COMMENT ON TABLE hedgehog.readmitted IS 'Keys in quarantine whose row could be taken, or was gone, at a later capture';
CREATE TABLE hedgehog.restated (
    table_name text NOT NULL,
    ingestion_commit bigint NOT NULL,
    processed_commit bigint NOT NULL
);
COMMENT ON TABLE hedgehog.restated IS 'Captures that were processed anew, by the last processing; it says all that is wrong';
CREATE TABLE hedgehog.tombstones (
    table_name text NOT NULL,
    key bigint NOT NULL,
    ingestion_commit bigint NOT NULL
);
COMMENT ON TABLE hedgehog.tombstones IS 'Keys of facts that the shop held no more when a capture was made';
CREATE TABLE public.dim_currency (
    currency_id integer NOT NULL,
    currency_code text NOT NULL,
    currency_name text NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_currency IS 'A currency.';
COMMENT ON COLUMN public.dim_currency.currency_id IS 'Key of the currency.';
COMMENT ON COLUMN public.dim_currency.currency_code IS 'ISO 4217 code.';
COMMENT ON COLUMN public.dim_currency.currency_name IS 'ISO 4217 name.';
COMMENT ON COLUMN public.dim_currency.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_currency.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_currency.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_currency.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_currency.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.dim_design (
    design_id integer NOT NULL,
    design_name text NOT NULL,
    file_location text NOT NULL,
    file_name text NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_design IS 'A design of a tote.';
COMMENT ON COLUMN public.dim_design.design_id IS 'Key of the design.';
COMMENT ON COLUMN public.dim_design.design_name IS 'Name.';
COMMENT ON COLUMN public.dim_design.file_location IS 'Folder of the design''s file.';
COMMENT ON COLUMN public.dim_design.file_name IS 'Name of the design''s file.';
COMMENT ON COLUMN public.dim_design.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_design.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_design.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_design.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_design.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.dim_location (
    location_id integer NOT NULL,
    address_line_1 text NOT NULL,
    address_line_2 text,
    district text,
    city text NOT NULL,
    postal_code text NOT NULL,
    country text NOT NULL,
    phone text NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_location IS 'An address that orders are delivered to.';
COMMENT ON COLUMN public.dim_location.location_id IS 'Key of the address.';
COMMENT ON COLUMN public.dim_location.address_line_1 IS 'First line of the address.';
COMMENT ON COLUMN public.dim_location.address_line_2 IS 'Second line of the address.';
COMMENT ON COLUMN public.dim_location.district IS 'District.';
COMMENT ON COLUMN public.dim_location.city IS 'City.';
COMMENT ON COLUMN public.dim_location.postal_code IS 'Postal code.';
COMMENT ON COLUMN public.dim_location.country IS 'Country, by its English name.';
COMMENT ON COLUMN public.dim_location.phone IS 'Telephone number.';
COMMENT ON COLUMN public.dim_location.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_location.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_location.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_location.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_location.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.dim_payment_type (
    payment_type_id integer NOT NULL,
    payment_type_name text NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_payment_type IS 'A kind of payment.';
COMMENT ON COLUMN public.dim_payment_type.payment_type_id IS 'Key of the kind of payment.';
COMMENT ON COLUMN public.dim_payment_type.payment_type_name IS 'Its name.';
COMMENT ON COLUMN public.dim_payment_type.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_payment_type.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_payment_type.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_payment_type.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_payment_type.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.dim_transaction (
    transaction_id integer NOT NULL,
    transaction_type text NOT NULL,
    sales_order_id integer,
    purchase_order_id integer,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_transaction IS 'A sale or a purchase.';
COMMENT ON COLUMN public.dim_transaction.transaction_id IS 'Key of the transaction.';
COMMENT ON COLUMN public.dim_transaction.transaction_type IS 'SALE or PURCHASE.';
COMMENT ON COLUMN public.dim_transaction.sales_order_id IS 'The sales order, where it is a sale.';
COMMENT ON COLUMN public.dim_transaction.purchase_order_id IS 'The purchase order, where it is a purchase.';
COMMENT ON COLUMN public.dim_transaction.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_transaction.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_transaction.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_transaction.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_transaction.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.fact_payment (
    payment_record_id integer NOT NULL,
    payment_id integer NOT NULL,
    created_date date NOT NULL,
    created_time time without time zone NOT NULL,
    last_updated_date date NOT NULL,
    last_updated_time time without time zone NOT NULL,
    transaction_id integer NOT NULL,
    counterparty_id integer NOT NULL,
    payment_amount numeric NOT NULL,
    currency_id integer NOT NULL,
    payment_type_id integer NOT NULL,
    paid boolean NOT NULL,
    payment_date date NOT NULL,
    ingestion_commit bigint NOT NULL,
    processed_commit bigint NOT NULL
);
COMMENT ON TABLE public.fact_payment IS 'A version of a payment.';
COMMENT ON COLUMN public.fact_payment.payment_id IS 'Key of the payment.';
COMMENT ON COLUMN public.fact_payment.created_date IS 'UTC day on which the row was made.';
COMMENT ON COLUMN public.fact_payment.created_time IS 'UTC time at which it was made.';
COMMENT ON COLUMN public.fact_payment.last_updated_date IS 'UTC day of this version.';
COMMENT ON COLUMN public.fact_payment.last_updated_time IS 'UTC time of this version.';
COMMENT ON COLUMN public.fact_payment.transaction_id IS 'Key in dim_transaction.';
COMMENT ON COLUMN public.fact_payment.counterparty_id IS 'Key in dim_counterparty.';
COMMENT ON COLUMN public.fact_payment.payment_amount IS 'Amount, in the payment''s currency.';
COMMENT ON COLUMN public.fact_payment.currency_id IS 'Key in dim_currency.';
COMMENT ON COLUMN public.fact_payment.payment_type_id IS 'Key in dim_payment_type.';
COMMENT ON COLUMN public.fact_payment.paid IS 'Whether it has been paid.';
COMMENT ON COLUMN public.fact_payment.payment_date IS 'Day of the payment.';
COMMENT ON COLUMN public.fact_payment.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.fact_payment.processed_commit IS 'Number of the processed commit that brought the row.';
CREATE TABLE public.fact_purchase_order (
    purchase_record_id integer NOT NULL,
    purchase_order_id integer NOT NULL,
    created_date date NOT NULL,
    created_time time without time zone NOT NULL,
    last_updated_date date NOT NULL,
    last_updated_time time without time zone NOT NULL,
    staff_id integer NOT NULL,
    counterparty_id integer NOT NULL,
    item_code text NOT NULL,
    item_quantity integer NOT NULL,
    item_unit_price numeric NOT NULL,
    currency_id integer NOT NULL,
    agreed_delivery_date date NOT NULL,
    agreed_payment_date date NOT NULL,
    agreed_delivery_location_id integer NOT NULL,
    ingestion_commit bigint NOT NULL,
    processed_commit bigint NOT NULL
);
COMMENT ON TABLE public.fact_purchase_order IS 'A version of a purchase order.';
COMMENT ON COLUMN public.fact_purchase_order.purchase_order_id IS 'Key of the purchase order.';
COMMENT ON COLUMN public.fact_purchase_order.created_date IS 'UTC day on which the row was made.';
COMMENT ON COLUMN public.fact_purchase_order.created_time IS 'UTC time at which it was made.';
COMMENT ON COLUMN public.fact_purchase_order.last_updated_date IS 'UTC day of this version.';
COMMENT ON COLUMN public.fact_purchase_order.last_updated_time IS 'UTC time of this version.';
COMMENT ON COLUMN public.fact_purchase_order.staff_id IS 'Key in dim_staff.';
COMMENT ON COLUMN public.fact_purchase_order.counterparty_id IS 'Key in dim_counterparty.';
COMMENT ON COLUMN public.fact_purchase_order.item_code IS 'Code of the item.';
COMMENT ON COLUMN public.fact_purchase_order.item_quantity IS 'Items bought.';
COMMENT ON COLUMN public.fact_purchase_order.item_unit_price IS 'Price of one item, in the order''s currency.';
COMMENT ON COLUMN public.fact_purchase_order.currency_id IS 'Key in dim_currency.';
COMMENT ON COLUMN public.fact_purchase_order.agreed_delivery_date IS 'Day of delivery as agreed.';
COMMENT ON COLUMN public.fact_purchase_order.agreed_payment_date IS 'Day of payment as agreed.';
COMMENT ON COLUMN public.fact_purchase_order.agreed_delivery_location_id IS 'Key in dim_location.';
COMMENT ON COLUMN public.fact_purchase_order.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.fact_purchase_order.processed_commit IS 'Number of the processed commit that brought the row.';
CREATE TABLE public.fact_sales_order (
    sales_record_id integer NOT NULL,
    sales_order_id integer NOT NULL,
    created_date date NOT NULL,
    created_time time without time zone NOT NULL,
    last_updated_date date NOT NULL,
    last_updated_time time without time zone NOT NULL,
    sales_staff_id integer NOT NULL,
    counterparty_id integer NOT NULL,
    units_sold integer NOT NULL,
    unit_price numeric(10,2) NOT NULL,
    currency_id integer NOT NULL,
    design_id integer NOT NULL,
    agreed_payment_date date NOT NULL,
    agreed_delivery_date date NOT NULL,
    agreed_delivery_location_id integer NOT NULL,
    ingestion_commit bigint NOT NULL,
    processed_commit bigint NOT NULL
);
COMMENT ON TABLE public.fact_sales_order IS 'A version of a sales order.';
COMMENT ON COLUMN public.fact_sales_order.sales_order_id IS 'Key of the sales order.';
COMMENT ON COLUMN public.fact_sales_order.created_date IS 'UTC day on which the row was made.';
COMMENT ON COLUMN public.fact_sales_order.created_time IS 'UTC time at which it was made.';
COMMENT ON COLUMN public.fact_sales_order.last_updated_date IS 'UTC day of this version.';
COMMENT ON COLUMN public.fact_sales_order.last_updated_time IS 'UTC time of this version.';
COMMENT ON COLUMN public.fact_sales_order.sales_staff_id IS 'Key in dim_staff.';
COMMENT ON COLUMN public.fact_sales_order.counterparty_id IS 'Key in dim_counterparty.';
COMMENT ON COLUMN public.fact_sales_order.units_sold IS 'Totes sold.';
COMMENT ON COLUMN public.fact_sales_order.unit_price IS 'Price of one tote, in the order''s currency.';
COMMENT ON COLUMN public.fact_sales_order.currency_id IS 'Key in dim_currency.';
COMMENT ON COLUMN public.fact_sales_order.design_id IS 'Key in dim_design.';
COMMENT ON COLUMN public.fact_sales_order.agreed_payment_date IS 'Day of payment as agreed.';
COMMENT ON COLUMN public.fact_sales_order.agreed_delivery_date IS 'Day of delivery as agreed.';
COMMENT ON COLUMN public.fact_sales_order.agreed_delivery_location_id IS 'Key in dim_location.';
COMMENT ON COLUMN public.fact_sales_order.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.fact_sales_order.processed_commit IS 'Number of the processed commit that brought the row.';
CREATE VIEW hedgehog.open_quarantine AS
 SELECT table_name,
    key,
    ingestion_commit,
    part,
    line,
    column_name,
    value,
    reason,
    processed_commit
   FROM hedgehog.quarantine told
  WHERE ((reason IS NOT NULL) AND (NOT (EXISTS ( SELECT
           FROM hedgehog.restated anew
          WHERE ((anew.table_name = told.table_name) AND (anew.ingestion_commit = told.ingestion_commit) AND (anew.processed_commit > told.processed_commit))))) AND (NOT (EXISTS ( SELECT
           FROM hedgehog.readmitted later
          WHERE ((later.table_name = told.table_name) AND (later.key = told.key) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM hedgehog.quarantine later
          WHERE ((later.part = told.part) AND (later.key = ''::text) AND (later.line = 0) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.dim_location later
          WHERE ((told.table_name = 'address'::text) AND (later.location_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.dim_currency later
          WHERE ((told.table_name = 'currency'::text) AND (later.currency_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.dim_design later
          WHERE ((told.table_name = 'design'::text) AND (later.design_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.dim_payment_type later
          WHERE ((told.table_name = 'payment_type'::text) AND (later.payment_type_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.dim_transaction later
          WHERE ((told.table_name = 'transaction'::text) AND (later.transaction_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.fact_sales_order later
          WHERE ((told.table_name = 'sales_order'::text) AND (later.sales_order_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.fact_purchase_order later
          WHERE ((told.table_name = 'purchase_order'::text) AND (later.purchase_order_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM public.fact_payment later
          WHERE ((told.table_name = 'payment'::text) AND (later.payment_id =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (later.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM hedgehog.tombstones gone
          WHERE ((told.table_name = 'sales_order'::text) AND (gone.table_name = 'fact_sales_order'::text) AND (gone.key =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (gone.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM hedgehog.tombstones gone
          WHERE ((told.table_name = 'purchase_order'::text) AND (gone.table_name = 'fact_purchase_order'::text) AND (gone.key =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (gone.ingestion_commit > told.ingestion_commit))))) AND (NOT (EXISTS ( SELECT
           FROM hedgehog.tombstones gone
          WHERE ((told.table_name = 'payment'::text) AND (gone.table_name = 'fact_payment'::text) AND (gone.key =
                CASE
                    WHEN ((("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric >= ('-9223372036854775808'::bigint)::numeric) AND (("substring"(told.key, '^-?[0-9]{1,19}$'::text))::numeric <= ('9223372036854775807'::bigint)::numeric)) THEN (told.key)::bigint
                    ELSE NULL::bigint
                END) AND (gone.ingestion_commit > told.ingestion_commit))))));
COMMENT ON VIEW hedgehog.open_quarantine IS 'Values for which rows of the shop cannot be taken still [d4a47b93ae2a96e5]';
CREATE TABLE public.dim_counterparty (
    counterparty_id integer NOT NULL,
    counterparty_legal_name text NOT NULL,
    counterparty_legal_address_line_1 text NOT NULL,
    counterparty_legal_address_line_2 text,
    counterparty_legal_district text,
    counterparty_legal_city text NOT NULL,
    counterparty_legal_postal_code text NOT NULL,
    counterparty_legal_country text NOT NULL,
    counterparty_legal_phone_number text NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_counterparty IS 'A customer or supplier with its current legal address.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_id IS 'Key of the counterparty.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_name IS 'Legal name.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_address_line_1 IS 'First line of the address.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_address_line_2 IS 'Second line of the address.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_district IS 'District.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_city IS 'City.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_postal_code IS 'Postal code.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_country IS 'Country, by its English name.';
COMMENT ON COLUMN public.dim_counterparty.counterparty_legal_phone_number IS 'Telephone.';
COMMENT ON COLUMN public.dim_counterparty.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_counterparty.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_counterparty.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_counterparty.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_counterparty.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.dim_date (
    date_id date NOT NULL,
    year integer NOT NULL,
    month integer NOT NULL,
    day integer NOT NULL,
    day_of_week integer NOT NULL,
    day_name text NOT NULL,
    month_name text NOT NULL,
    quarter integer NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_date IS 'A day that a fact mentions.';
COMMENT ON COLUMN public.dim_date.date_id IS 'The day.';
COMMENT ON COLUMN public.dim_date.year IS 'Year.';
COMMENT ON COLUMN public.dim_date.month IS 'Month, 1 to 12.';
COMMENT ON COLUMN public.dim_date.day IS 'Day of the month.';
COMMENT ON COLUMN public.dim_date.day_of_week IS 'ISO 8601 weekday, Monday 1.';
COMMENT ON COLUMN public.dim_date.day_name IS 'English weekday.';
COMMENT ON COLUMN public.dim_date.month_name IS 'English month.';
COMMENT ON COLUMN public.dim_date.quarter IS 'Quarter, 1 to 4.';
COMMENT ON COLUMN public.dim_date.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_date.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_date.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_date.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_date.inferred_since IS 'Since when it stands in.';
CREATE TABLE public.dim_staff (
    staff_id integer NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    department_name text NOT NULL,
    location text NOT NULL,
    email_address text NOT NULL,
    ingestion_commit bigint NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    processed_commit bigint NOT NULL,
    inferred boolean NOT NULL,
    inferred_since timestamp with time zone
);
COMMENT ON TABLE public.dim_staff IS 'A member of staff with their current department.';
COMMENT ON COLUMN public.dim_staff.staff_id IS 'Key of the member of staff.';
COMMENT ON COLUMN public.dim_staff.first_name IS 'Given name.';
COMMENT ON COLUMN public.dim_staff.last_name IS 'Family name.';
COMMENT ON COLUMN public.dim_staff.department_name IS 'Name of the department.';
COMMENT ON COLUMN public.dim_staff.location IS 'Town of the department, or ''Not known''.';
COMMENT ON COLUMN public.dim_staff.email_address IS 'E-mail address at work.';
COMMENT ON COLUMN public.dim_staff.ingestion_commit IS 'Number of the ingestion commit that brought the row.';
COMMENT ON COLUMN public.dim_staff.deleted IS 'Whether the row was deleted in the shop.';
COMMENT ON COLUMN public.dim_staff.processed_commit IS 'Number of the processed commit that brought the row.';
COMMENT ON COLUMN public.dim_staff.inferred IS 'Whether the row only stands in for one not landed yet.';
COMMENT ON COLUMN public.dim_staff.inferred_since IS 'Since when it stands in.';
CREATE VIEW public.fact_payment_current AS
 SELECT payment_record_id,
    payment_id,
    created_date,
    created_time,
    last_updated_date,
    last_updated_time,
    transaction_id,
    counterparty_id,
    payment_amount,
    currency_id,
    payment_type_id,
    paid,
    payment_date,
    ingestion_commit,
    processed_commit
   FROM ( SELECT DISTINCT ON (fact_payment.payment_id) fact_payment.payment_record_id,
            fact_payment.payment_id,
            fact_payment.created_date,
            fact_payment.created_time,
            fact_payment.last_updated_date,
            fact_payment.last_updated_time,
            fact_payment.transaction_id,
            fact_payment.counterparty_id,
            fact_payment.payment_amount,
            fact_payment.currency_id,
            fact_payment.payment_type_id,
            fact_payment.paid,
            fact_payment.payment_date,
            fact_payment.ingestion_commit,
            fact_payment.processed_commit
           FROM public.fact_payment
          ORDER BY fact_payment.payment_id, fact_payment.ingestion_commit DESC, fact_payment.processed_commit DESC) newest
  WHERE (NOT (EXISTS ( SELECT
           FROM hedgehog.tombstones gone
          WHERE ((gone.table_name = 'fact_payment'::text) AND (gone.key = newest.payment_id) AND (gone.ingestion_commit > newest.ingestion_commit)))));
COMMENT ON VIEW public.fact_payment_current IS 'The version of each key that was captured last, unless it was deleted since [de48a93baa23df69]';
CREATE SEQUENCE public.fact_payment_payment_record_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_payment_payment_record_id_seq OWNED BY public.fact_payment.payment_record_id;
CREATE VIEW public.fact_purchase_order_current AS
 SELECT purchase_record_id,
    purchase_order_id,
    created_date,
    created_time,
    last_updated_date,
    last_updated_time,
    staff_id,
    counterparty_id,
    item_code,
    item_quantity,
    item_unit_price,
    currency_id,
    agreed_delivery_date,
    agreed_payment_date,
    agreed_delivery_location_id,
    ingestion_commit,
    processed_commit
   FROM ( SELECT DISTINCT ON (fact_purchase_order.purchase_order_id) fact_purchase_order.purchase_record_id,
            fact_purchase_order.purchase_order_id,
            fact_purchase_order.created_date,
            fact_purchase_order.created_time,
            fact_purchase_order.last_updated_date,
            fact_purchase_order.last_updated_time,
            fact_purchase_order.staff_id,
            fact_purchase_order.counterparty_id,
            fact_purchase_order.item_code,
            fact_purchase_order.item_quantity,
            fact_purchase_order.item_unit_price,
            fact_purchase_order.currency_id,
            fact_purchase_order.agreed_delivery_date,
            fact_purchase_order.agreed_payment_date,
            fact_purchase_order.agreed_delivery_location_id,
            fact_purchase_order.ingestion_commit,
            fact_purchase_order.processed_commit
           FROM public.fact_purchase_order
          ORDER BY fact_purchase_order.purchase_order_id, fact_purchase_order.ingestion_commit DESC, fact_purchase_order.processed_commit DESC) newest
  WHERE (NOT (EXISTS ( SELECT
           FROM hedgehog.tombstones gone
          WHERE ((gone.table_name = 'fact_purchase_order'::text) AND (gone.key = newest.purchase_order_id) AND (gone.ingestion_commit > newest.ingestion_commit)))));
COMMENT ON VIEW public.fact_purchase_order_current IS 'The version of each key that was captured last, unless it was deleted since [4c2c2d379d1f22bd]';
CREATE SEQUENCE public.fact_purchase_order_purchase_record_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_purchase_order_purchase_record_id_seq OWNED BY public.fact_purchase_order.purchase_record_id;
CREATE VIEW public.fact_sales_order_current AS
 SELECT sales_record_id,
    sales_order_id,
    created_date,
    created_time,
    last_updated_date,
    last_updated_time,
    sales_staff_id,
    counterparty_id,
    units_sold,
    unit_price,
    currency_id,
    design_id,
    agreed_payment_date,
    agreed_delivery_date,
    agreed_delivery_location_id,
    ingestion_commit,
    processed_commit
   FROM ( SELECT DISTINCT ON (fact_sales_order.sales_order_id) fact_sales_order.sales_record_id,
            fact_sales_order.sales_order_id,
            fact_sales_order.created_date,
            fact_sales_order.created_time,
            fact_sales_order.last_updated_date,
            fact_sales_order.last_updated_time,
            fact_sales_order.sales_staff_id,
            fact_sales_order.counterparty_id,
            fact_sales_order.units_sold,
            fact_sales_order.unit_price,
            fact_sales_order.currency_id,
            fact_sales_order.design_id,
            fact_sales_order.agreed_payment_date,
            fact_sales_order.agreed_delivery_date,
            fact_sales_order.agreed_delivery_location_id,
            fact_sales_order.ingestion_commit,
            fact_sales_order.processed_commit
           FROM public.fact_sales_order
          ORDER BY fact_sales_order.sales_order_id, fact_sales_order.ingestion_commit DESC, fact_sales_order.processed_commit DESC) newest
  WHERE (NOT (EXISTS ( SELECT
           FROM hedgehog.tombstones gone
          WHERE ((gone.table_name = 'fact_sales_order'::text) AND (gone.key = newest.sales_order_id) AND (gone.ingestion_commit > newest.ingestion_commit)))));
COMMENT ON VIEW public.fact_sales_order_current IS 'The version of each key that was captured last, unless it was deleted since [3af396aeae26cb3a]';
CREATE SEQUENCE public.fact_sales_order_sales_record_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.fact_sales_order_sales_record_id_seq OWNED BY public.fact_sales_order.sales_record_id;
ALTER TABLE ONLY public.fact_payment ALTER COLUMN payment_record_id SET DEFAULT nextval('public.fact_payment_payment_record_id_seq'::regclass);
ALTER TABLE ONLY public.fact_purchase_order ALTER COLUMN purchase_record_id SET DEFAULT nextval('public.fact_purchase_order_purchase_record_id_seq'::regclass);
ALTER TABLE ONLY public.fact_sales_order ALTER COLUMN sales_record_id SET DEFAULT nextval('public.fact_sales_order_sales_record_id_seq'::regclass);
INSERT INTO hedgehog.commits VALUES (1, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015059787815Z-f30e3440', 'processed', '2026-11-28', 1, false, '2026-11-28 01:51:04.566231+00');
INSERT INTO hedgehog.commits VALUES (2, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015113838072Z-81392a83', 'processed', '2026-11-28', 2, true, '2026-11-28 01:51:21.148965+00');
INSERT INTO hedgehog.commits VALUES (3, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015129663798Z-b95f3809', 'processed', '2026-11-28', 3, true, '2026-11-28 01:51:31.456415+00');
INSERT INTO hedgehog.commits VALUES (4, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015136491361Z-5fc15d16', 'processed', '2026-11-28', 4, true, '2026-11-28 01:51:38.644418+00');
INSERT INTO hedgehog.commits VALUES (5, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015146083411Z-6a0a7f10', 'processed', '2026-11-28', 5, true, '2026-11-28 01:51:50.88633+00');
INSERT INTO hedgehog.commits VALUES (6, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015156145657Z-42a57d51', 'processed', '2026-11-28', 6, true, '2026-11-28 01:52:00.255081+00');
INSERT INTO hedgehog.commits VALUES (7, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015204458213Z-df93fc72', 'processed', '2026-11-28', 7, true, '2026-11-28 01:52:06.174494+00');
INSERT INTO hedgehog.commits VALUES (8, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015210815756Z-c0e434b9', 'processed', '2026-11-28', 8, true, '2026-11-28 01:52:12.703+00');
INSERT INTO hedgehog.commits VALUES (9, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015218399509Z-fe840a4b', 'processed', '2026-11-28', 9, true, '2026-11-28 01:52:21.87814+00');
INSERT INTO hedgehog.commits VALUES (10, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015230489511Z-96c6468e', 'processed', '2026-11-28', 10, true, '2026-11-28 01:52:35.553136+00');
INSERT INTO hedgehog.commits VALUES (11, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015244780774Z-641f0691', 'processed', '2026-11-28', 11, true, '2026-11-28 01:52:51.34634+00');
INSERT INTO hedgehog.commits VALUES (12, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015302863616Z-3077451c', 'processed', '2026-11-28', 12, true, '2026-11-28 01:53:07.65211+00');
INSERT INTO hedgehog.commits VALUES (13, 'e254f0fe4a3b43b6ac8770bbce4260c6', '20261128T015312706895Z-ae7f7323', 'restatement', '2026-11-28', 12, true, '2026-11-28 01:53:27.065863+00');
INSERT INTO hedgehog.quarantine VALUES ('staff', '1', 7, 'oltp/staff/2026-11-28/20261128T015202701714Z-bc5cc5f7-0.csv', 1, 'created_at', 'infinity', 'is not a moment of the years 1 to 9999 without a time zone', 13);
INSERT INTO hedgehog.quarantine VALUES ('currency', '', 10, 'inbox/currency/more.csv', 3, 'currency_id', 'ten,SEK,2026-06-01 09:30:00.123,2026-06-01 09:30:00.123', 'is not a whole number of 32 bits', 13);
INSERT INTO hedgehog.quarantine VALUES ('payment', '2', 6, 'oltp/payment/2026-11-28/20261128T015155028057Z-80172604-0.csv', 1, 'payment_date', 'soon', 'is not a date in the form YYYY-MM-DD', 13);
INSERT INTO hedgehog.readmitted VALUES ('staff', '1', 8);
INSERT INTO hedgehog.restated VALUES ('department', 1, 13);
INSERT INTO hedgehog.restated VALUES ('department', 2, 13);
INSERT INTO hedgehog.restated VALUES ('department', 3, 13);
INSERT INTO hedgehog.restated VALUES ('department', 4, 13);
INSERT INTO hedgehog.restated VALUES ('department', 5, 13);
INSERT INTO hedgehog.restated VALUES ('department', 6, 13);
INSERT INTO hedgehog.restated VALUES ('department', 7, 13);
INSERT INTO hedgehog.restated VALUES ('department', 8, 13);
INSERT INTO hedgehog.restated VALUES ('department', 9, 13);
INSERT INTO hedgehog.restated VALUES ('department', 10, 13);
INSERT INTO hedgehog.restated VALUES ('department', 11, 13);
INSERT INTO hedgehog.restated VALUES ('department', 12, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 1, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 2, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 3, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 4, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 5, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 6, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 7, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 8, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 9, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 10, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 11, 13);
INSERT INTO hedgehog.restated VALUES ('sales_order', 12, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 1, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 2, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 3, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 4, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 5, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 6, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 7, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 8, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 9, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 10, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 11, 13);
INSERT INTO hedgehog.restated VALUES ('payment', 12, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 1, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 2, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 3, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 4, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 5, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 6, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 7, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 8, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 9, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 10, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 11, 13);
INSERT INTO hedgehog.restated VALUES ('staff', 12, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 1, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 2, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 3, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 4, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 5, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 6, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 7, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 8, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 9, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 10, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 11, 13);
INSERT INTO hedgehog.restated VALUES ('currency', 12, 13);
INSERT INTO hedgehog.tombstones VALUES ('fact_sales_order', 2, 11);
INSERT INTO hedgehog.tombstones VALUES ('fact_payment', 3, 11);
INSERT INTO public.dim_counterparty VALUES (1, 'Fahey and Sons', '1 Mill Lane', NULL, 'Holbeck', 'Leeds', 'LS1 1AA', 'England', '0113 496 0000', 1, false, 1, false, NULL);
INSERT INTO public.dim_currency VALUES (1, 'GBP', 'Pound Sterling', 1, false, 13, false, NULL);
INSERT INTO public.dim_currency VALUES (2, 'EUR', 'Euro', 3, false, 13, false, NULL);
INSERT INTO public.dim_currency VALUES (9, 'CHF', 'Swiss Franc', 10, false, 13, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-07', 2026, 6, 7, 7, 'Sunday', 'June', 2, 2, false, 2, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-01', 2026, 6, 1, 1, 'Monday', 'June', 2, 4, false, 4, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-05', 2026, 6, 5, 5, 'Friday', 'June', 2, 4, false, 4, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-08', 2026, 6, 8, 1, 'Monday', 'June', 2, 4, false, 4, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-02', 2026, 6, 2, 2, 'Tuesday', 'June', 2, 5, false, 5, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-06', 2026, 6, 6, 6, 'Saturday', 'June', 2, 5, false, 5, false, NULL);
INSERT INTO public.dim_date VALUES ('2026-06-09', 2026, 6, 9, 2, 'Tuesday', 'June', 2, 5, false, 5, false, NULL);
INSERT INTO public.dim_design VALUES (1, 'Wooden', '/lib', 'wooden-20260101-abcd.json', 1, false, 1, false, NULL);
INSERT INTO public.dim_location VALUES (1, '1 Mill Lane', NULL, 'Holbeck', 'Leeds', 'LS1 1AA', 'England', '0113 496 0000', 1, false, 1, false, NULL);
INSERT INTO public.dim_payment_type VALUES (1, 'SALES_RECEIPT', 9, false, 9, false, NULL);
INSERT INTO public.dim_payment_type VALUES (3, 'PURCHASE_PAYMENT', 9, false, 9, false, NULL);
INSERT INTO public.dim_staff VALUES (1, 'Jeremie', 'Franey', 'Sales', 'Leeds', 'jeremie.franey@terrifictotes.com', 12, false, 13, false, NULL);
INSERT INTO public.dim_transaction VALUES (1, 'SALE', 1, NULL, 2, false, 2, false, NULL);
INSERT INTO public.dim_transaction VALUES (2, 'PURCHASE', NULL, 1, 2, false, 2, false, NULL);
INSERT INTO public.dim_transaction VALUES (3, 'SALE', 2, NULL, 11, true, 11, false, NULL);
INSERT INTO public.fact_payment VALUES (1, 1, '2026-06-01', '09:30:00.123', '2026-06-01', '09:30:00.123', 1, 1, 3645.00, 1, 1, false, '2026-06-05', 2, 13);
INSERT INTO public.fact_payment VALUES (2, 2, '2026-06-01', '09:30:00.123', '2026-06-01', '09:30:00.123', 2, 1, 134075.69, 1, 3, false, '2026-06-07', 2, 13);
INSERT INTO public.fact_payment VALUES (3, 3, '2026-06-02', '00:00:00', '2026-06-02', '00:00:00', 3, 1, 62.00, 2, 1, false, '2026-06-06', 5, 13);
INSERT INTO public.fact_purchase_order VALUES (1, 1, '2026-06-01', '09:30:00.123', '2026-06-01', '09:30:00.123', 1, 1, 'ZDOI5EA', 371, 361.39, 1, '2026-06-09', '2026-06-07', 1, 2, 2);
INSERT INTO public.fact_sales_order VALUES (1, 1, '2026-06-01', '09:30:00.123', '2026-06-01', '09:30:00.123', 1, 1, 1500, 2.43, 1, 1, '2026-06-05', '2026-06-08', 1, 2, 13);
INSERT INTO public.fact_sales_order VALUES (2, 1, '2026-06-01', '09:30:00.123', '2026-06-02', '10:00:00', 1, 1, 1600, 2.43, 1, 1, '2026-06-05', '2026-06-08', 1, 4, 13);
INSERT INTO public.fact_sales_order VALUES (3, 2, '2026-06-02', '00:00:00', '2026-06-02', '00:00:00', 1, 1, 20, 3.10, 2, 1, '2026-06-06', '2026-06-09', 1, 5, 13);
SELECT pg_catalog.setval('public.fact_payment_payment_record_id_seq', 6, true);
SELECT pg_catalog.setval('public.fact_purchase_order_purchase_record_id_seq', 1, true);
SELECT pg_catalog.setval('public.fact_sales_order_sales_record_id_seq', 6, true);
ALTER TABLE ONLY hedgehog.commits
    ADD CONSTRAINT commits_batch_key UNIQUE (batch);
ALTER TABLE ONLY hedgehog.commits
    ADD CONSTRAINT commits_pkey PRIMARY KEY (number);
ALTER TABLE ONLY hedgehog.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (table_name, key, ingestion_commit, part, line, column_name);
ALTER TABLE ONLY hedgehog.readmitted
    ADD CONSTRAINT readmitted_pkey PRIMARY KEY (table_name, key, ingestion_commit);
ALTER TABLE ONLY hedgehog.restated
    ADD CONSTRAINT restated_pkey PRIMARY KEY (table_name, ingestion_commit);
ALTER TABLE ONLY hedgehog.tombstones
    ADD CONSTRAINT tombstones_pkey PRIMARY KEY (table_name, key, ingestion_commit);
ALTER TABLE ONLY public.dim_counterparty
    ADD CONSTRAINT dim_counterparty_pkey PRIMARY KEY (counterparty_id);
ALTER TABLE ONLY public.dim_currency
    ADD CONSTRAINT dim_currency_pkey PRIMARY KEY (currency_id);
ALTER TABLE ONLY public.dim_date
    ADD CONSTRAINT dim_date_pkey PRIMARY KEY (date_id);
ALTER TABLE ONLY public.dim_design
    ADD CONSTRAINT dim_design_pkey PRIMARY KEY (design_id);
ALTER TABLE ONLY public.dim_location
    ADD CONSTRAINT dim_location_pkey PRIMARY KEY (location_id);
ALTER TABLE ONLY public.dim_payment_type
    ADD CONSTRAINT dim_payment_type_pkey PRIMARY KEY (payment_type_id);
ALTER TABLE ONLY public.dim_staff
    ADD CONSTRAINT dim_staff_pkey PRIMARY KEY (staff_id);
ALTER TABLE ONLY public.dim_transaction
    ADD CONSTRAINT dim_transaction_pkey PRIMARY KEY (transaction_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_payment_id_last_updated_date_last_updated_time_key UNIQUE (payment_id, last_updated_date, last_updated_time);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_pkey PRIMARY KEY (payment_record_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_pkey PRIMARY KEY (purchase_record_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_purchase_order_id_last_updated_date_las_key UNIQUE (purchase_order_id, last_updated_date, last_updated_time);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_pkey PRIMARY KEY (sales_record_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_sales_order_id_last_updated_date_last_upda_key UNIQUE (sales_order_id, last_updated_date, last_updated_time);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_counterparty_id_fkey FOREIGN KEY (counterparty_id) REFERENCES public.dim_counterparty(counterparty_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_created_date_fkey FOREIGN KEY (created_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_currency_id_fkey FOREIGN KEY (currency_id) REFERENCES public.dim_currency(currency_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_last_updated_date_fkey FOREIGN KEY (last_updated_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_payment_date_fkey FOREIGN KEY (payment_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_payment_type_id_fkey FOREIGN KEY (payment_type_id) REFERENCES public.dim_payment_type(payment_type_id);
ALTER TABLE ONLY public.fact_payment
    ADD CONSTRAINT fact_payment_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES public.dim_transaction(transaction_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_agreed_delivery_date_fkey FOREIGN KEY (agreed_delivery_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_agreed_delivery_location_id_fkey FOREIGN KEY (agreed_delivery_location_id) REFERENCES public.dim_location(location_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_agreed_payment_date_fkey FOREIGN KEY (agreed_payment_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_counterparty_id_fkey FOREIGN KEY (counterparty_id) REFERENCES public.dim_counterparty(counterparty_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_created_date_fkey FOREIGN KEY (created_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_currency_id_fkey FOREIGN KEY (currency_id) REFERENCES public.dim_currency(currency_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_last_updated_date_fkey FOREIGN KEY (last_updated_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_purchase_order
    ADD CONSTRAINT fact_purchase_order_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES public.dim_staff(staff_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_agreed_delivery_date_fkey FOREIGN KEY (agreed_delivery_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_agreed_delivery_location_id_fkey FOREIGN KEY (agreed_delivery_location_id) REFERENCES public.dim_location(location_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_agreed_payment_date_fkey FOREIGN KEY (agreed_payment_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_counterparty_id_fkey FOREIGN KEY (counterparty_id) REFERENCES public.dim_counterparty(counterparty_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_created_date_fkey FOREIGN KEY (created_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_currency_id_fkey FOREIGN KEY (currency_id) REFERENCES public.dim_currency(currency_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_design_id_fkey FOREIGN KEY (design_id) REFERENCES public.dim_design(design_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_last_updated_date_fkey FOREIGN KEY (last_updated_date) REFERENCES public.dim_date(date_id);
ALTER TABLE ONLY public.fact_sales_order
    ADD CONSTRAINT fact_sales_order_sales_staff_id_fkey FOREIGN KEY (sales_staff_id) REFERENCES public.dim_staff(staff_id);
GRANT USAGE ON SCHEMA hedgehog TO analyst;
GRANT SELECT ON TABLE hedgehog.open_quarantine TO analyst WITH GRANT OPTION;
GRANT SELECT ON TABLE public.fact_sales_order_current TO analyst;
