"""Text of any kind arrives in the warehouse, character for character."""

from psycopg import sql

from hedgehog_pipeline_tests.support.dirty import DIRTY
from hedgehog_pipeline_tests.support.world import World


def test_text_arrives_character_for_character(world: World) -> None:
    insert = sql.SQL(
        "insert into design (design_id, design_name, file_location, file_name, last_updated) "
        "values (%s, %s, %s, %s, now())"
    )
    address = sql.SQL(
        "insert into address (address_id, address_line_1, address_line_2, district, city, "
        "postal_code, country, phone, last_updated) values (%s, %s, %s, %s, %s, %s, %s, %s, now())"
    )
    # The server's own encoding must not matter: Hedgehog asks for UTF-8.
    setting = sql.SQL("alter database {} set client_encoding = 'latin1'")
    for database in (world.shop_database, world.warehouse_database):
        world.shop.execute(setting.format(sql.Identifier(database)))
    for number, text in enumerate(DIRTY, start=1):
        world.shop.execute(insert, [number, text, f"{text}{text}", text])
        world.shop.execute(address, [number, text, text, None, text, text, text, text])
    world.run()
    designs = "select design_name, file_location, file_name from dim_design order by design_id"
    assert world.query(designs) == [(text, f"{text}{text}", text) for text in DIRTY]
    places = (
        "select address_line_1, address_line_2, district from dim_location order by location_id"
    )
    assert world.query(places) == [(text, text, None) for text in DIRTY]
