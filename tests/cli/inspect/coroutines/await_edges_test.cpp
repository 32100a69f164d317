// Frames made by hand, and who awaits whom among them.
#include "coroutines/await_edges.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

constexpr std::uint32_t none = AwaitEdge::none;
using To = FrameEdge::To;

/// 0x80 bytes with the promise in [16, 48), 0x100 from the one before.
FrameNode frame(std::size_t number) {
    FrameNode node;
    node.address = 0x10000 + number * 0x100;
    node.bytes = 0x80;
    node.firm_size = true;
    node.promise = 16;
    node.promise_end = 48;
    return node;
}

std::vector<FrameNode> frames(std::size_t count) {
    std::vector<FrameNode> nodes;
    for (std::size_t i = 0; i < count; ++i)
        nodes.push_back(frame(i));
    return nodes;
}

void points(FrameNode& from, std::uint32_t offset, std::uint32_t to, To how = To::frame) {
    from.edges.push_back({offset, to, how, 0});
}

} // namespace

TEST_CASE("a pointer in a promise is the continuation, one elsewhere is a child or held") {
    auto nodes = frames(3);
    points(nodes[1], 24, 0); // 1 resumes 0
    points(nodes[0], 64, 1);
    points(nodes[0], 72, 2); // a generator
    const auto edges = await_edges(nodes);
    CHECK(edges[1].awaited_by == 0);
    CHECK_FALSE(edges[1].inferred);
    CHECK(edges[1].held_by == none);
    CHECK(edges[2].awaited_by == none);
    CHECK(edges[2].held_by == 0);
    CHECK(edges[0].awaited_by == none);
}

TEST_CASE("where the promise may end elsewhere, what does not point back is inferred") {
    auto nodes = frames(2);
    nodes[1].promise_is_guess = true;
    points(nodes[1], 24, 0);
    CHECK(await_edges(nodes)[1].awaited_by == 0);
    CHECK(await_edges(nodes)[1].inferred);
    points(nodes[0], 64, 1);
    CHECK_FALSE(await_edges(nodes)[1].inferred);
}

TEST_CASE("of several frames in a promise, the one that points back awaits it") {
    auto nodes = frames(3);
    points(nodes[2], 16, 0); // the root of all
    points(nodes[2], 24, 1);
    points(nodes[1], 64, 2, To::promise);
    const auto edges = await_edges(nodes);
    CHECK(edges[2].awaited_by == 1);
    CHECK_FALSE(edges[2].inferred);
}

TEST_CASE("the entry frame of an Asio stack, whose promise has the stack's top, awaits nothing's end") {
    auto nodes = frames(3);
    points(nodes[0], 32, 2, To::promise); // the entry: top of stack
    points(nodes[0], 64, 1, To::promise);
    points(nodes[1], 24, 0, To::promise);
    points(nodes[1], 64, 2, To::promise);
    points(nodes[2], 24, 1, To::promise);
    const auto edges = await_edges(nodes);
    CHECK(edges[0].awaited_by == none);
    CHECK(edges[1].awaited_by == 0);
    CHECK(edges[2].awaited_by == 1);
}

TEST_CASE("where no promise is known, the lower of two mutual pointers is the continuation") {
    auto nodes = frames(2);
    for (auto& node : nodes)
        node.promise_end = 0;
    points(nodes[0], 40, 1);
    points(nodes[1], 24, 0);
    const auto edges = await_edges(nodes);
    CHECK(edges[0].awaited_by == none);
    CHECK(edges[1].awaited_by == 0);
}

TEST_CASE("a finished frame resumes nobody any more, and is resumed by nobody's end") {
    auto nodes = frames(2);
    nodes[0].finished = true;
    points(nodes[0], 24, 1);
    points(nodes[1], 24, 0);
    const auto edges = await_edges(nodes);
    CHECK(edges[0].awaited_by == none);
    CHECK(edges[1].awaited_by == none);
}

TEST_CASE(
    "a counter in a frame, with that frame's handle beside, is an inferred continuation; another object is none") {
    auto nodes = frames(3);
    nodes[0].selves = {72};
    nodes[1].edges.push_back({24, 0, To::inside, 64});
    nodes[2].edges.push_back({24, 1, To::inside, 64});
    const auto edges = await_edges(nodes);
    CHECK(edges[1].awaited_by == 0);
    CHECK(edges[1].inferred);
    CHECK(edges[2].awaited_by == none);
}

TEST_CASE("a frame inside another one is a part of it, if it fits") {
    auto nodes = frames(3);
    nodes[0].bytes = 0x180;
    nodes[1].elided = true;
    nodes[2].elided = true;
    nodes[2].address = nodes[0].address + 0x170;
    const auto edges = await_edges(nodes);
    CHECK(edges[1].inside == 0);
    CHECK(edges[1].held_by == 0);
    CHECK(edges[2].inside == none); // it sticks out: what is left of an old one
}

TEST_CASE("a frame that was allocated by itself is a part of no other, however far what is left of one reaches") {
    auto nodes = frames(4);
    nodes[1].address = 0x10060; // left in the first, and reaches over the next one
    nodes[1].bytes = 0x1c0;
    nodes[2].own_chunk = true;
    auto edges = await_edges(nodes);
    CHECK(edges[1].inside == 0);
    CHECK(edges[2].inside == none);
    CHECK(edges[3].inside == none);
    nodes[2].own_chunk = false;
    CHECK(await_edges(nodes)[2].inside == 1);
}

TEST_CASE("frames that hold each other in a circle are held by none of their own") {
    auto nodes = frames(3);
    points(nodes[0], 64, 1);
    points(nodes[1], 64, 2);
    points(nodes[2], 64, 0);
    const auto edges = await_edges(nodes);
    std::uint32_t at = 0;
    int steps = 0;
    for (; at != none && steps < 10; ++steps)
        at = edges[at].held_by;
    CHECK(steps < 10);
}

TEST_CASE("whatever frames point to, chains end and every number is a frame's") {
    std::mt19937 random{1};
    const auto upto = [&random](std::uint32_t most) {
        return std::uniform_int_distribution<std::uint32_t>{0, most}(random);
    };
    for (int round = 0; round < 300; ++round) {
        auto nodes = frames(20);
        for (auto& node : nodes) {
            node.bytes = upto(0x400);
            node.promise_end = upto(2) == 0 ? 0 : upto(0x80);
            node.finished = upto(5) == 0;
            node.elided = upto(3) == 0;
            node.firm_size = upto(2) != 0;
            for (std::uint32_t i = upto(6); i > 0; --i)
                node.edges.push_back({upto(15) * 8, upto(19), static_cast<To>(upto(2)), upto(0x100)});
        }
        const auto edges = await_edges(nodes);
        REQUIRE(edges.size() == nodes.size());
        for (std::uint32_t start = 0; start < 20; ++start) {
            std::uint32_t at = start;
            int steps = 0;
            for (; at != none && steps <= 20; ++steps) {
                REQUIRE(at < 20);
                at = edges[at].awaited_by;
            }
            REQUIRE(steps <= 20);
        }
    }
}
