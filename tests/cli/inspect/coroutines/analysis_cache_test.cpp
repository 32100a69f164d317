#include <catch2/catch.hpp>

#include "coroutines/analysis_cache.hpp"

namespace {

using namespace tasks::inspect;

const std::string head = "tasks-coroutines 1 abcd 1\n";

AnalysisCache::Functions some() {
    FunctionAnalysis all;
    SuspendPoints& points = all.points;
    points.index = all.layout.index = FrameField{88, 2};
    all.layout.size = 128;
    all.layout.promise = FrameField{16, 40};
    all.layout.members.push_back({"id of it", {56, 8}, 0x1234, true, -1});
    all.layout.members.push_back({"Aw0", {64, 16}, 0, false, 0});
    all.layout.from_debug_information = true;
    all.file = "/a b/c.cpp";
    all.line = 9;
    points.points.push_back({0, PointKind::initial, Provenance::none, 0, "", "", false});
    points.points.push_back({1, PointKind::await, Provenance::exact, 12, "/a b/c.cpp", "ns::timer<int, 2>", true});
    points.by_index = {{0, 0}, {2, 0}, {4, 1}};
    return {{"_Z1fv 4096 200", all}, {"_Z1gv 8192 100", FunctionAnalysis{}}};
}

} // namespace

TEST_CASE("what was kept comes back") {
    CHECK(AnalysisCache::parsed(head, AnalysisCache::text_of(head, some())) == some());
}

TEST_CASE("a cache of another module, version or kind of debug information is left aside") {
    const auto text = AnalysisCache::text_of(head, some());
    CHECK(AnalysisCache::parsed("tasks-coroutines 1 abce 1\n", text).empty());
    CHECK(AnalysisCache::parsed("tasks-coroutines 1 abcd 0\n", text).empty());
}

TEST_CASE("a cache that was cut or changed anywhere is left aside") {
    const auto text = AnalysisCache::text_of(head, some());
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK(AnalysisCache::parsed(head, text.substr(0, i)).empty());
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK(AnalysisCache::parsed(head, changed).empty());
    }
}
