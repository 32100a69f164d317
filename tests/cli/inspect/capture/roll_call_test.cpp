#include "capture/roll_call.hpp"

#include <catch2/catch.hpp>

#include "inspect/capture/fake_agent.hpp"
#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::inspect;
using tasks::tests::Connection;
using tasks::tests::FakeAgent;

namespace {

constexpr std::uint64_t start = 345;

struct Roll {
    Roll() : clock() { world.clock = &clock; }

    void add(const FakeAgent::Behaviour& behaves) {
        const auto pid = static_cast<std::uint32_t>(agents.size() + 1);
        agents.push_back(std::make_unique<FakeAgent>(directory.path(), pid, start, behaves));
    }

    std::vector<Result<RollAnswer, AgentError>> call(std::uint64_t patience_ns) const {
        std::vector<const AgentFiles*> asked;
        for (const auto& agent : agents) {
            asked.push_back(&agent->files());
        }
        return call_roll(world, asked, patience_ns);
    }

    SystemClock clock;
    World world;
    tests::TemporaryDirectory directory;
    std::vector<std::unique_ptr<FakeAgent>> agents;
};

} // namespace

TEST_CASE("each of many agents is heard, in the order asked") {
    Roll roll;
    for (int count = 0; count < 40; ++count) {
        roll.add(tests::answer_everything);
    }
    const auto answers = roll.call(60'000'000'000);
    REQUIRE(answers.size() == 40);
    for (const auto& answer : answers) {
        REQUIRE(answer);
        CHECK(answer->name == "fake");
        CHECK(answer->counts.tasks == 3);
    }
}

TEST_CASE("those that hang together cost the patience for one, and hold up nobody") {
    Roll roll;
    roll.add([](Connection& peer) { peer.stall(); });
    roll.add(tests::answer_everything);
    for (int count = 0; count < 20; ++count) {
        roll.add([](Connection& peer) { peer.welcome(), peer.stall(); });
    }
    constexpr std::uint64_t patience_ns = 2'000'000'000;
    const auto before = roll.clock.monotonic_ns();
    const auto answers = roll.call(patience_ns);
    const auto taken = roll.clock.monotonic_ns() - before;
    CHECK(taken < 20 * patience_ns);
    CHECK(answers[1]);
    REQUIRE_FALSE(answers[0]);
    CHECK(answers[0].error().trouble == AgentTrouble::silent);
    REQUIRE_FALSE(answers[2]);
    CHECK(answers[2].error().trouble == AgentTrouble::silent);
}

TEST_CASE("an agent that breaks the protocol fails alone") {
    Roll roll;
    roll.add([](Connection& peer) { peer.hear(), peer.say("garbage, and more of it"), peer.stall(); });
    roll.add([](Connection& peer) { peer.hear(); });
    roll.add([](Connection& peer) { peer.welcome(4711), peer.stall(); });
    roll.add([](Connection& peer) {
        peer.welcome();
        peer.answer(protocol::CountsAnswer{}, peer.hear().value().header.request_id + 7);
        peer.stall();
    });
    roll.add([](Connection& peer) {
        peer.hear();
        peer.refuse(protocol::ErrorCode::not_permitted, "no", 0);
        peer.stall();
    });
    roll.add(tests::answer_everything);
    const auto answers = roll.call(60'000'000'000);
    for (std::size_t index = 0; index < 4; ++index) {
        REQUIRE_FALSE(answers[index]);
        CHECK(answers[index].error().trouble == AgentTrouble::broken);
    }
    REQUIRE_FALSE(answers[4]);
    CHECK(answers[4].error().trouble == AgentTrouble::refused);
    CHECK(answers[5]);
}

TEST_CASE("nobody asked is nobody answered") { CHECK(Roll{}.call(1).empty()); }
