#include "analysis/leak_growth.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace tasks::inspect;
using tasks::protocol::HistoryEntry;
using tasks::protocol::State;
using tasks::protocol::WaitReason;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t began = 1000 * second;

/// A process that registers tasks: each lives from its birth to its end.
struct Service {
    struct Life {
        std::uint64_t born_ns;
        std::uint64_t ended_ns;
    };
    static constexpr std::uint64_t for_ever = ~0ull;

    /// Every `every_ms`, from `from_s` to `until_s` after the agent began, one that lives for `life_ms`.
    void begins(std::uint64_t from_s, std::uint64_t until_s, std::uint64_t every_ms, std::uint64_t life_ms) {
        for (auto at = from_s * 1000; at < until_s * 1000; at += every_ms) {
            const auto born = began + at * (second / 1000);
            lives.push_back({born, life_ms == for_ever ? for_ever : born + life_ms * (second / 1000)});
        }
    }

    /// What the table says after that time, with a look into the past each ten seconds.
    RegisteredPast past(std::uint64_t after_s) const {
        RegisteredPast told{began + after_s * second, began, {}, 0, 0, living_at(began + after_s * second)};
        const auto first = after_s > 630 ? after_s - 630 : 0;
        for (auto at = (first + 9) / 10 * 10; at < after_s; at += 10) {
            told.history.push_back(entry(began + at * second));
        }
        const auto now = entry(told.now_ns);
        told.started = now.jobs_started;
        told.ended = now.jobs_ended;
        return told;
    }

    /// All that live, as one crowd.
    Crowd crowd(std::uint64_t after_s, WaitReason reason = WaitReason::chan_send) const {
        Crowd all;
        all.registered = true;
        all.wait_reason = reason;
        all.born_ns = living_at(began + after_s * second);
        all.count = all.born_ns.size();
        return all;
    }

    std::optional<Growth> growth(std::uint64_t after_s, WaitReason reason = WaitReason::chan_send) const {
        return growth_from_history(past(after_s), crowd(after_s, reason));
    }

    std::vector<Life> lives;

private:
    HistoryEntry entry(std::uint64_t at_ns) const {
        HistoryEntry entry;
        entry.at_ns = at_ns;
        for (const auto& life : lives) {
            entry.jobs_started += life.born_ns <= at_ns ? 1u : 0u;
            entry.jobs_ended += life.ended_ns <= at_ns ? 1u : 0u;
        }
        return entry;
    }

    std::vector<std::uint64_t> living_at(std::uint64_t at_ns) const {
        std::vector<std::uint64_t> born;
        for (const auto& life : lives) {
            if (life.born_ns <= at_ns && life.ended_ns > at_ns) {
                born.push_back(life.born_ns);
            }
        }
        std::ranges::sort(born);
        return born;
    }
};

LeakLook look(std::uint64_t at_s, const std::vector<std::uint64_t>& ids) {
    LeakLook one;
    one.at_ns = at_s * second;
    auto& crowd = one.crowds["sender"];
    crowd.count = ids.size();
    for (const auto id : ids) {
        crowd.members.push_back(registered_identity(id));
    }
    return one;
}

/// Coroutines that are not registered, by their frames.
LeakLook frames(std::uint64_t at_s, const std::vector<std::uint64_t>& addresses, std::uint64_t resume = 0x401000) {
    auto one = look(at_s, {});
    for (const auto address : addresses) {
        one.crowds["sender"].members.push_back(frame_identity(resume, address));
    }
    return one;
}

LeakLook confirming(LeakLook one) {
    one.confirms = true;
    return one;
}

std::optional<Growth> growth_of(const std::vector<LeakLook>& looks) { return growth_from_looks(looks, "sender"); }

} // namespace

TEST_CASE("tasks that begin one by one and never end grow") {
    Service service;
    service.begins(0, 60, 1000, Service::for_ever);
    const auto growth = service.growth(60);
    REQUIRE(growth);
    CHECK(growth->per_min() == Approx(60).margin(6));
    CHECK(growth->looks == 0);
}

TEST_CASE("growth is told when the agent has run for twenty seconds") {
    Service service;
    service.begins(0, 60, 1000, Service::for_ever);
    CHECK_FALSE(service.growth(19));
    CHECK(service.growth(21));
}

TEST_CASE("tasks that live for a while and end do not grow, however many there are") {
    for (const auto life_ms : std::initializer_list<std::uint64_t>{5, 500, 3000, 8000, 20'000, 45'000}) {
        Service service;
        service.begins(0, 400, 50, life_ms);
        for (const auto after_s : std::initializer_list<std::uint64_t>{61, 70, 90, 100, 130, 200, 390}) {
            INFO(life_ms << " ms, after " << after_s << " s");
            CHECK_FALSE(service.growth(after_s));
        }
    }
}

TEST_CASE("a process that is given more to do does not grow") {
    for (const auto life_ms : std::initializer_list<std::uint64_t>{100, 2000, 8000, 20'000}) {
        Service service;
        service.begins(0, 300, 1000, 500);
        service.begins(200, 300, 50, life_ms);
        for (const auto after_s : std::initializer_list<std::uint64_t>{205, 215, 225, 240, 260, 299}) {
            INFO(life_ms << " ms, after " << after_s << " s");
            CHECK_FALSE(service.growth(after_s));
        }
    }
}

TEST_CASE("a leak is told among many that end") {
    Service service;
    service.begins(0, 120, 3000, Service::for_ever);
    const auto leaked = service.crowd(120);
    service.begins(0, 120, 20, 400);
    const auto growth = growth_from_history(service.past(120), leaked);
    REQUIRE(growth);
    CHECK(growth->more <= 40);
    CHECK(growth->more >= 20);
}

TEST_CASE("a pool that was filled and idles does not grow, nor does a burst that has ended") {
    Service service;
    service.begins(0, 2, 10, Service::for_ever);
    for (const auto after_s : std::initializer_list<std::uint64_t>{11, 30, 100, 600, 5000}) {
        CHECK_FALSE(service.growth(after_s));
    }
    service.begins(50, 60, 20, Service::for_ever);
    for (const auto after_s : std::initializer_list<std::uint64_t>{90, 200, 600}) {
        CHECK_FALSE(service.growth(after_s));
    }
}

TEST_CASE("a pool whose members are replaced does not grow") {
    Service service;
    service.begins(0, 1, 20, Service::for_ever);
    for (std::uint64_t at = 0; at < 50; ++at) { // one goes when another comes
        service.lives[at].ended_ns = began + (10 + at * 4) * second;
        service.lives.push_back({began + (10 + at * 4) * second, Service::for_ever});
    }
    for (const auto after_s : std::initializer_list<std::uint64_t>{60, 100, 150, 210}) {
        CHECK_FALSE(service.growth(after_s));
    }
}

TEST_CASE("a leak that began late is told, and one that began before the history") {
    Service late;
    late.begins(0, 1, 20, Service::for_ever);
    late.begins(500, 600, 1000, Service::for_ever);
    CHECK(late.growth(600));

    Service slow; // one a minute, for a day
    slow.begins(0, 86'400, 60'000, Service::for_ever);
    const auto growth = slow.growth(86'400);
    REQUIRE(growth);
    CHECK(growth->per_min() == Approx(1).margin(0.3));
}

TEST_CASE("connections that came over a day and stay are no growth without a history that shows it") {
    Service service;
    service.begins(0, 86'400, 900'000, Service::for_ever);
    CHECK_FALSE(service.growth(86'400, WaitReason::io_read));
    CHECK(service.growth(86'400, WaitReason::chan_send));
}

TEST_CASE("totals that contradict each other tell of no growth") {
    Service service;
    service.begins(0, 60, 1000, Service::for_ever);
    auto past = service.past(60);
    for (auto& entry : past.history) {
        entry.jobs_started += 1'000'000;
    }
    CHECK_FALSE(growth_from_history(past, service.crowd(60)));
}

TEST_CASE("looks tell growth where more come than go, and not at once") {
    const auto growth = growth_of({look(0, {1}), look(2, {1, 2}), look(4, {1, 2, 3}), look(6, {1, 2, 3, 4})});
    REQUIRE(growth);
    CHECK(growth->more == 3);
    CHECK(growth->ended == 0);
    CHECK(growth->looks == 4);
    CHECK(growth->over_ns == 6 * second);

    CHECK_FALSE(growth_of({look(0, {1}), look(2, {1, 2, 3, 4, 5}), look(4, {1, 2, 3, 4, 5}), look(6, {1, 2, 3, 4, 5}),
                           look(8, {1, 2, 3, 4, 5})})); // a burst
    CHECK_FALSE(growth_of({look(0, {1, 2}), look(2, {3, 4, 5}), look(4, {6, 7, 8, 9}), look(6, {10, 11, 12, 13, 14})}));
    CHECK_FALSE(growth_of({look(0, {1}), look(2, {1}), look(4, {1, 2}), look(6, {1, 2})}));
    CHECK_FALSE(growth_of({look(0, {}), look(6, {1, 2, 3, 4, 5, 6})})); // of two looks nothing is a trend
}

TEST_CASE("tasks that were there before, at another place, have not come") {
    std::vector<LeakLook> looks;
    for (std::uint64_t at = 0; at < 6; ++at) { // each look finds one more of ten at work
        auto one = look(2 * at, {});
        for (std::uint64_t id = 0; id < 10; ++id) {
            one.crowds[id <= at ? "sender" : "idle"].members.push_back(registered_identity(id));
        }
        looks.push_back(one);
    }
    CHECK_FALSE(growth_of(looks));
}

TEST_CASE("those that came are told apart from those that also were elsewhere since") {
    std::vector<LeakLook> looks;
    for (std::uint64_t at = 0; at < 6; ++at) { // each look finds one more, but each second one parks the last
        auto one = look(2 * at, {});
        for (std::uint64_t id = 0; id <= at; ++id) {
            const bool parks = at % 2 == 1 && id == at - 1;
            one.crowds[parks ? "idle" : "sender"].members.push_back(registered_identity(id));
        }
        one.crowds["idle"].state = State::waiting;
        looks.push_back(one);
    }
    looks.back().crowds["sender"].members = {registered_identity(0), registered_identity(1), registered_identity(2),
                                             registered_identity(3), registered_identity(4), registered_identity(5)};
    looks.back().crowds["idle"].members.clear();
    const auto growth = growth_of(looks);
    REQUIRE(growth);
    CHECK(growth->more == 5);
    CHECK(growth->moved == 1); // 2, at the fourth look; 0 was there before
    CHECK(growth_of({look(0, {1}), look(2, {1, 2}), look(4, {1, 2, 3}), look(6, {1, 2, 3, 4})})->moved == 0);
}

TEST_CASE("frames that grow are told when looks that follow at once find each where it was") {
    std::vector<LeakLook> looks{frames(0, {1}), frames(2, {1, 2}), frames(4, {1, 2, 3}), frames(6, {1, 2, 3, 4})};
    REQUIRE(growth_of(looks));
    CHECK_FALSE(growth_of(looks)->confirmed);
    for (std::uint64_t at = 0; at < confirming_looks; ++at) {
        looks.push_back(confirming(frames(7, {1, 2, 3, 4})));
    }
    REQUIRE(growth_of(looks));
    CHECK(growth_of(looks)->confirmed);
    CHECK(growth_of(looks)->more == 3);
    auto one_went = looks;
    one_went.back() = confirming(frames(7, {1, 2, 4}));
    CHECK_FALSE(growth_of(one_went));
    auto one_was_away = looks;
    one_was_away[5] = confirming(frames(7, {1, 3, 4}));
    CHECK_FALSE(growth_of(one_was_away));
}

TEST_CASE("a frame that was away for a look is another one's") {
    CHECK_FALSE(growth_of({frames(0, {1}), frames(2, {1, 2, 3}), frames(4, {1, 3}), frames(6, {1, 2, 3, 4})}));
    CHECK(growth_of({look(0, {1}), look(2, {1, 2, 3}), look(4, {1, 3}), look(6, {1, 2, 3, 4})})); // these are known
    auto at_work = frames(4, {1, 3});
    at_work.crowds["at work"].state = State::running;
    at_work.crowds["at work"].members = {frame_identity(0x401000, 2)};
    CHECK(growth_of({frames(0, {1}), frames(2, {1, 2, 3}), at_work, frames(6, {1, 2, 3, 4})}));
}

TEST_CASE("a frame of another function at the same address is another one's") {
    CHECK_FALSE(
        growth_of({frames(0, {1}), frames(2, {1, 2}), frames(4, {1, 2, 3}), frames(6, {1, 2, 3, 4}, 0x402000)}));
}
