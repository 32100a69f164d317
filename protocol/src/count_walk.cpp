// Births and deaths by site: a pass over the records that hold them, and over the sites. Each number is one aligned
// word that only grows, so one look does.
#include <algorithm>
#include <cstring>

#include <tasks/protocol/table_reader.hpp>

#include "table_state.hpp"

namespace tasks::protocol {

namespace {

using CountVisitor = void (*)(void*, const SiteCounts&);

void tell_record(const char* bytes, std::uint32_t sites, CountVisitor visitor, void* to) noexcept {
    CountsRecord record;
    std::memcpy(&record, bytes, sizeof record);
    if (record.type != static_cast<std::uint8_t>(RecordType::counts))
        return;
    for (const auto& counts : record.counts)
        if (counts.site != 0 && counts.site <= sites)
            visitor(to, counts);
}

void tell_site(const char* bytes, std::uint32_t number, CountVisitor visitor, void* to) noexcept {
    SiteRecord site;
    std::memcpy(&site, bytes, sizeof site);
    if (site.ready == 1 && (site.births != 0 || site.deaths != 0))
        visitor(to, {number, 0, site.births, site.deaths});
}

} // namespace

void TableReader::walk_counts(CountVisitor visitor, void* to) noexcept {
    auto& state = *state_;
    const auto& directory = state.header.directory();
    std::uint32_t sites_before = 0;
    for (std::uint32_t i = 0; i < directory.count; ++i) {
        const auto& segment = directory.segments[i];
        const bool records = segment.kind == static_cast<std::uint32_t>(SegmentKind::records);
        const bool sites = segment.kind == static_cast<std::uint32_t>(SegmentKind::sites);
        const auto each = records ? record_bytes : sizeof(SiteRecord);
        for (std::uint64_t done = 0; (records || sites) && done < segment.bytes;) {
            auto* chunk = reinterpret_cast<char*>(state.first().data());
            const auto bytes =
                static_cast<std::size_t>(std::min<std::uint64_t>(state.first().size_bytes(), segment.bytes - done));
            if (read_whole(state.source, segment.offset + done, {chunk, bytes}) != static_cast<std::int64_t>(bytes))
                return; // the file was cut: what it said of tasks tells that
            for (std::size_t at = 0; at < bytes; at += each) {
                if (records)
                    tell_record(chunk + at, directory.sites, visitor, to);
                else if (sites_before + (done + at) / each < directory.sites)
                    tell_site(chunk + at, sites_before + static_cast<std::uint32_t>((done + at) / each) + 1, visitor,
                              to);
            }
            done += bytes;
        }
        sites_before += sites ? static_cast<std::uint32_t>(segment.bytes / sizeof(SiteRecord)) : 0;
    }
}

} // namespace tasks::protocol
