#include "profile_lines.hpp"

#include <tasks/protocol/vocabulary.hpp>

namespace tasks::agent {

using protocol::Capture;
using protocol::State;
using protocol::WaitReason;

void ProfileLines::count(std::uint64_t count, protocol::Kind kind) noexcept {
    out << count << (count == 1 ? " task  " : " tasks  ") << protocol::word(kind);
}

void ProfileLines::doing(State state, WaitReason reason, std::uint32_t wait_site) noexcept {
    out << "  ";
    if (state != State::waiting) {
        out << (state == State::unknown ? "state unknown" : protocol::word(state));
        return;
    }
    const bool known = reason != WaitReason::none && reason != WaitReason::unknown;
    out << (known ? protocol::word(reason) : "waiting");
    if (const KeptSite& site = sites_.site(wait_site); wait_site != 0 && !site.name().empty())
        (out << " \"").text(site.name()) << "\"";
}

void ProfileLines::ages(std::uint64_t least_ns, std::uint64_t most_ns, bool last_ran) noexcept {
    (out << (last_ran ? "  last ran " : "  ")).duration(least_ns);
    if (most_ns / 1'000'000 != least_ns / 1'000'000)
        (out << " - ").duration(most_ns);
    out << (last_ran ? " ago" : "");
}

void ProfileLines::names(const std::uint32_t* scopes, std::size_t count, std::uint32_t left_out) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        (out << (i == 0 ? "  [" : " > ")).text(sites_.site(scopes[i]).name());
    if (left_out != 0)
        out << " > " << left_out << " more";
    out << (count == 0 ? "" : "]");
}

void ProfileLines::name(std::string_view name) noexcept {
    if (!name.empty())
        (out << "  [").text(name) << "]";
}

// No blank stands before the "=", which tells a label from the fields that begin with a keyword.
void ProfileLines::label(std::uint32_t key_site, std::string_view text) noexcept {
    (out << "  ").key(sites_.site(key_site).name()) << "=";
    out.text(text);
}

void ProfileLines::place(std::string_view label, std::uint32_t id) noexcept {
    const KeptSite& site = sites_.site(id);
    (out << label).text(id == 0 ? std::string_view{} : site.function());
    if (id != 0) {
        (out << "  ").text(site.file()) << ":" << site.line();
        (out << "  ").text(site.name());
    }
    out << "\n";
}

void ProfileLines::waits_at(std::uint32_t site) noexcept { place("  waits at ", site); }

void ProfileLines::created_by(const std::uint32_t* scopes, std::size_t count, std::uint32_t left_out) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        place(i == 0 ? "  created by " : "  then ", scopes[i]);
    if (left_out != 0)
        out << "  deeper " << left_out << "\n";
}

void ProfileLines::at(std::uint64_t pc) noexcept {
    out << "  at ";
    modules_.tell(pc, out);
    (out << "  pc ").hexadecimal(pc) << "\n";
}

} // namespace tasks::agent
