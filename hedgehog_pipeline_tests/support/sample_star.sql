-- The star as SCHEMA.md describes it, computed from the shop by hand: views that live as long as
-- the session, each with the columns of the warehouse's table of the same name. Nothing here comes
-- from the package; technical columns and serial keys are left aside.

create temporary view dim_staff as
select staff_id, first_name, last_name,
       coalesce(department_name, 'Not known') as department_name,
       coalesce(location, 'Not known') as location,
       email_address
from staff left join department using (department_id);

create temporary view dim_location as
select address_id as location_id, address_line_1, address_line_2, district, city, postal_code,
       country, phone
from address;

create temporary view dim_currency as
select currency_id, currency_code::text,
       case currency_code
           when 'GBP' then 'Pound Sterling'
           when 'USD' then 'US Dollar'
           when 'EUR' then 'Euro'
       end as currency_name
from currency;

create temporary view dim_design as
select design_id, design_name, file_location, file_name from design;

create temporary view dim_counterparty as
select counterparty_id, counterparty_legal_name,
       address_line_1 as counterparty_legal_address_line_1,
       address_line_2 as counterparty_legal_address_line_2,
       district as counterparty_legal_district,
       city as counterparty_legal_city,
       postal_code as counterparty_legal_postal_code,
       country as counterparty_legal_country,
       phone as counterparty_legal_phone_number
from counterparty join address on address_id = legal_address_id;

create temporary view dim_payment_type as
select payment_type_id, payment_type_name::text from payment_type;

create temporary view dim_transaction as
select transaction_id, transaction_type::text, sales_order_id, purchase_order_id from transaction;

create temporary view fact_sales_order as
select sales_order_id,
       created_at::date as created_date, created_at::time as created_time,
       last_updated::date as last_updated_date, last_updated::time as last_updated_time,
       staff_id as sales_staff_id, counterparty_id, units_sold, unit_price, currency_id, design_id,
       agreed_payment_date::date, agreed_delivery_date::date, agreed_delivery_location_id
from sales_order;

create temporary view fact_purchase_order as
select purchase_order_id,
       created_at::date as created_date, created_at::time as created_time,
       last_updated::date as last_updated_date, last_updated::time as last_updated_time,
       staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
       agreed_delivery_date::date, agreed_payment_date::date, agreed_delivery_location_id
from purchase_order;

create temporary view fact_payment as
select payment_id,
       created_at::date as created_date, created_at::time as created_time,
       last_updated::date as last_updated_date, last_updated::time as last_updated_time,
       transaction_id, counterparty_id, payment_amount, currency_id, payment_type_id, paid,
       payment_date::date
from payment;

create temporary view dim_date as
select day as date_id,
       extract(year from day)::int as year,
       extract(month from day)::int as month,
       extract(day from day)::int as day,
       extract(isodow from day)::int as day_of_week,
       to_char(day, 'FMDay') as day_name,
       to_char(day, 'FMMonth') as month_name,
       extract(quarter from day)::int as quarter
from (
    select created_at::date as day from sales_order
    union select last_updated::date from sales_order
    union select agreed_payment_date::date from sales_order
    union select agreed_delivery_date::date from sales_order
    union select created_at::date from purchase_order
    union select last_updated::date from purchase_order
    union select agreed_payment_date::date from purchase_order
    union select agreed_delivery_date::date from purchase_order
    union select created_at::date from payment
    union select last_updated::date from payment
    union select payment_date::date from payment
) as mentioned;
