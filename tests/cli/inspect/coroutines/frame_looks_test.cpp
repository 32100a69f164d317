// Frames made by hand, in memory that does not change.
#include "coroutines/frame_looks.hpp"

#include <cstring>

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

constexpr std::uint64_t start = 0x10000;
constexpr std::uint64_t resume = 0x401000;
constexpr std::uint64_t destroy = 0x402000;

class Words final : public ProcessMemory {
public:
    explicit Words(std::vector<std::uint64_t> words) : words_(std::move(words)) {}

    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        const auto whole = words_.size() * 8;
        if (address < start || address - start >= whole)
            return 0;
        const auto bytes = std::min<std::size_t>(into.size(), whole - (address - start));
        std::memcpy(into.data(), reinterpret_cast<const char*>(words_.data()) + (address - start), bytes);
        return bytes;
    }

private:
    std::vector<std::uint64_t> words_;
};

/// Two frames of g++ side by side, the second with the first one's address where the promise is, of so many bytes.
std::vector<FrameEdge> edges_of_second(std::uint32_t promise_bytes) {
    const Words memory{{resume, destroy, 0, start, resume, destroy, start, start + 32}};
    FrameShape shape;
    shape.compiler = &frames_of(CoroutineCompiler::gcc);
    shape.resume = resume;
    shape.destroy = destroy;
    shape.layout.promise = FrameField{16, promise_bytes};
    std::vector<FrameNode> nodes(2);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].address = start + i * 32;
        nodes[i].bytes = 32;
        nodes[i].promise = 16;
        nodes[i].promise_end = 16 + promise_bytes;
    }
    const std::vector<const FrameShape*> shapes(nodes.size(), &shape);
    FrameLooks{memory, shapes, nodes}.run();
    return nodes[1].edges;
}

} // namespace

TEST_CASE("what nobody wrote behind a small promise points nowhere") {
    const auto edges = edges_of_second(8);
    REQUIRE(edges.size() == 1);
    CHECK(edges[0].frame == 0);
    CHECK(edges[0].offset == 16);
    CHECK(edges_of_second(1).empty());
    CHECK(edges_of_second(4).empty());
}
