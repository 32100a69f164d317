#include <catch2/catch.hpp>

#include "coroutines/line_assignment.hpp"
#include "coroutines/token_alignment.hpp"

namespace {

using namespace tasks::inspect;

using Lines = std::vector<std::uint32_t>;

SourceToken on(std::uint32_t line, bool in_loop = false) { return {line, line, line, in_loop, true}; }

Lines laid(const std::vector<SourceToken>& tokens, const std::vector<Lines>& stored, AlignmentRules rules = {}) {
    return lines_of_tokens(tokens, stored, rules);
}

} // namespace

TEST_CASE("as many words as points are taken one by one, unless a store contradicts") {
    CHECK(laid({on(3), on(5)}, {{}, {}}, {true, false}) == Lines{3, 5});
    CHECK(laid({on(3), on(5)}, {{3}, {6}}, {true, false}) == Lines{0, 0});
}

TEST_CASE("words without a point are left out where only one way remains") {
    CHECK(laid({on(3), on(5), on(7)}, {{3}, {7}}) == Lines{3, 7});
    CHECK(laid({on(3), on(5), on(7)}, {{3}, {}}) == Lines{3, 0});
    CHECK(laid({on(3), on(5), on(7)}, {{}, {5}, {}}) == Lines{3, 5, 7});
    CHECK(laid({on(3)}, {{3}, {3}}) == Lines{0, 0});
}

TEST_CASE("a copied loop gives a word several points, told by their stores alone") {
    CHECK(laid({on(3), on(5, true), on(7)}, {{3}, {5}, {5}, {7}}, {false, true}) == Lines{3, 5, 5, 7});
    CHECK(laid({on(3), on(5, true), on(7)}, {{3}, {5}, {}, {7}}, {false, true}) == Lines{3, 5, 0, 7});
}

TEST_CASE("words whose order is not known give a line only where all have it") {
    const SourceToken outer{4, 4, 5, false, false};
    const SourceToken inner{5, 4, 5, false, false};
    CHECK(laid({outer, inner, on(9)}, {{}, {}, {}}, {true, false}) == Lines{0, 0, 9});
    const SourceToken beside{4, 4, 4, false, false};
    CHECK(laid({beside, beside}, {{}, {}}, {true, false}) == Lines{4, 4});
}

TEST_CASE("assigned lines do not fall and have the most weight") {
    const auto lines = [](const std::vector<std::vector<LineCandidate>>& points) {
        Lines chosen;
        for (const LineCandidate& one : assigned_lines(points))
            chosen.push_back(one.line);
        return chosen;
    };
    CHECK(lines({{{10, 12, true}}, {{9, 4, false}, {11, 3, false}}, {{12, 12, true}}}) == Lines{10, 11, 12});
    CHECK(lines({{{10, 4, false}}, {{5, 12, true}}, {{6, 12, true}}}) == Lines{0, 5, 6});
    CHECK(lines({{}, {{3, 1, false}}}) == Lines{0, 3});
    CHECK(lines({}).empty());
}
