from __future__ import annotations

import pytest
import torch

from posedreamer.generation.compact.sampling import mixed, sample, times


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("shift", [0.5, 1.0, 3.0])
def test_times_rise_from_noise_to_picture(steps: int, shift: float) -> None:
    moments = times(steps, shift)
    assert len(moments) == steps + 1
    assert moments[0] == 0.0
    assert moments[-1] == 1.0
    assert (moments.diff() > 0).all()


def test_a_shift_takes_more_steps_near_the_noise() -> None:
    assert times(8, 3.0)[4] < times(8, 1.0)[4] < times(8, 0.5)[4]


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("fresh", [0.0, 0.5, 1.0])
def test_one_that_knows_the_picture_reaches_it(steps: int, fresh: float) -> None:
    picture, noise = torch.rand(2, 3, 8, 8), torch.randn(2, 3, 8, 8)
    assert torch.allclose(sample(lambda _x, _t: picture, lambda: noise, steps, 1.0, fresh), picture, atol=1e-5)


def test_the_path_is_the_straight_line() -> None:
    picture, noise = torch.rand(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    seen: list[tuple[torch.Tensor, float]] = []

    def knows(x: torch.Tensor, time: float) -> torch.Tensor:
        seen.append((x, time))
        return picture

    sample(knows, lambda: noise, 4, 1.0)
    for x, time in seen:
        assert torch.allclose(x, mixed(picture, noise, torch.tensor([time])), atol=1e-5)


def test_it_goes_on_from_a_picture_that_is_there() -> None:
    begun, picture, noise = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    seen: list[tuple[torch.Tensor, float]] = []

    def knows(x: torch.Tensor, time: float) -> torch.Tensor:
        seen.append((x, time))
        return picture

    drawn = sample(knows, lambda: noise, 4, 2.0, begun=begun, skipped=2)
    assert [time for _, time in seen] == times(4, 2.0)[2:4].tolist()
    assert torch.allclose(seen[0][0], mixed(begun, noise, torch.tensor([seen[0][1]])), atol=1e-6)
    assert torch.allclose(drawn, picture, atol=1e-5)


def test_noise_drawn_anew_keeps_every_time_as_noisy_as_it_should_be() -> None:
    picture, generator = torch.rand(1, 3, 64, 64), torch.Generator().manual_seed(3)
    seen: list[tuple[torch.Tensor, float]] = []

    def knows(x: torch.Tensor, time: float) -> torch.Tensor:
        seen.append((x, time))
        return picture

    sample(knows, lambda: torch.randn(1, 3, 64, 64, generator=generator), 5, 1.0, 0.7)
    rests = [(x - time * picture) / (1.0 - time) for x, time in seen]
    for rest in rests:
        assert abs(float(rest.std()) - 1.0) < 0.03
    alike = float((rests[0] * rests[1]).mean())
    assert abs(alike - (1.0 - 0.7**2) ** 0.5) < 0.03


def test_gaussian_data_are_sampled_with_their_own_spread() -> None:
    """For x ~ N(m, s^2) the expected clean value is known in closed form, and the flow must give back m and s."""
    mean, spread = 0.3, 0.5

    def expected(x: torch.Tensor, t: float) -> torch.Tensor:
        gain = t * spread**2 / (t**2 * spread**2 + (1.0 - t) ** 2)
        return mean + gain * (x - t * mean)

    noise = torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    drawn = sample(expected, lambda: noise, 200, 1.0)
    assert abs(float(drawn.mean()) - mean) < 0.01
    assert abs(float(drawn.std()) - spread) < 0.01
