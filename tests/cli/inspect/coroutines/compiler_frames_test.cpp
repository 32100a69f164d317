// The names that compilers and linkers give to the functions of coroutines.
#include "coroutines/clang_frames.hpp"
#include "coroutines/gcc_frames.hpp"

#include <array>

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

template <class Compiler> std::string told(std::string_view name) {
    const auto symbol = Compiler{}.symbol(name);
    if (!symbol)
        return "none";
    constexpr std::array roles{"resume", "cold", "destroy", "cleanup"};
    return std::string{roles[static_cast<std::size_t>(symbol->role)]} + (symbol->clone ? " clone " : " ") +
           Compiler{}.linkage_name(symbol->stem);
}

} // namespace

TEST_CASE("g++: the function that a coroutine's symbols belong to") {
    CHECK(told<GccFrames>("_ZN1S6memberEPZNS_6memberEiE20_ZN1S6memberEi.Frame.actor") == "resume _ZN1S6memberEi");
    CHECK(told<GccFrames>("_ZN1S6memberEPZNS_6memberEiE20_ZN1S6memberEi.Frame.destroy") == "destroy _ZN1S6memberEi");
    CHECK(told<GccFrames>("_Z4statPZL4statiE15_ZL4stati.Frame.actor.cold") == "cold _ZL4stati");
    CHECK(told<GccFrames>("_ZZ4mainENUliE_clEPZZ4mainENKS_clEiE26_ZZ4mainENKUliE_clEi.Frame.actor") ==
          "resume _ZZ4mainENKUliE_clEi");
    CHECK(told<GccFrames>("_Z4tmplPZ4tmplIiE4taskIT_ES1_E28_Z4tmplIiE4taskIT_ES1_.Frame.actor") ==
          "resume _Z4tmplIiE4taskIT_ES1_");
    CHECK(told<GccFrames>("_Z4statPZL4statiE15_ZL4stati.Frame.actor.lto_priv.0") == "resume _ZL4stati");
    CHECK(told<GccFrames>("_Z4statPZL4statiE15_ZL4stati.Frame.actor.lto_priv.0.cold") == "cold _ZL4stati");
    CHECK(told<GccFrames>("_Z4statPZL4statiE15_ZL4stati.Frame.actor.constprop.0") == "resume clone _ZL4stati");
    CHECK(told<GccFrames>("_Z4statPZL4statiE15_ZL4stati.Frame.destroy.cold") == "none");
}

TEST_CASE("clang: the function that a coroutine's symbols belong to") {
    CHECK(told<ClangFrames>("_ZN1S6memberEi.resume") == "resume _ZN1S6memberEi");
    CHECK(told<ClangFrames>("_ZN1S6memberEi.destroy") == "destroy _ZN1S6memberEi");
    CHECK(told<ClangFrames>("_ZN1S6memberEi.cleanup") == "cleanup _ZN1S6memberEi");
    CHECK(told<ClangFrames>("_ZZ4mainENK3$_0clEi.resume") == "resume _ZZ4mainENK3$_0clEi");
    CHECK(told<ClangFrames>("_ZL4stati.resume.llvm.1234567") == "resume _ZL4stati");
    CHECK(told<ClangFrames>("_ZN12_GLOBAL__N_14workEi.5.resume.7") == "resume _ZN12_GLOBAL__N_14workEi");
    CHECK(told<ClangFrames>("_ZL4stati.resume.cold.1") == "cold _ZL4stati");
}

TEST_CASE("what is no coroutine's is not taken for one") {
    for (const char* name : {"", ".", ".resume", ".Frame.actor", "main", "_ZN6Player6resumeEv", "player.resumed",
                             "_Z4playv.cold", "_Z4playv.part.0", "Frame.actor", "x.Frame.actors", "x.Frame."}) {
        INFO(name);
        CHECK(told<GccFrames>(name) == "none");
        CHECK(told<ClangFrames>(name) == "none");
    }
}

TEST_CASE("a name without the length that should be in it still names something of it") {
    CHECK(GccFrames{}.linkage_name("_Z1fv.Frame") == "_Z1fv");
    CHECK(GccFrames{}.linkage_name(".Frame").empty());
    CHECK(GccFrames{}.linkage_name("").empty());
}

TEST_CASE("the promise of g++ ends where a frame has its own address") {
    const std::array<std::uint64_t, 6> words{1, 2, 3, 0x5000, 0x5000, 4};
    CHECK(GccFrames{}.promise_end(0x5000, words) == 24);
    CHECK_FALSE(GccFrames{}.promise_end(0x6000, words));
    CHECK_FALSE(GccFrames{}.promise_end(0x5000, {}));
}
