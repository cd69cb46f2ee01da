import pytest
from hedgehog_pipeline_tests.world import SAMPLE, World


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample of the real shop is not here")
def test_sample_runs(world: World):
    world.load_sample()
    runs = world.run()
    print(runs)
    assert {r.stage for r in runs} == {"extraction", "processing", "storage"}
    assert world.run() == []
