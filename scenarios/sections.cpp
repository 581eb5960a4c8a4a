#include "scenarios/sections.hpp"
#include "scenarios/communication_sections.hpp"
#include "scenarios/cyber_sections.hpp"
#include "scenarios/microgrid_sections.hpp"

namespace gridplus::scenario {

std::span<const SectionInfo> sections() {
  static const std::array<SectionInfo, 28> list = {{
      {"grid", "the network as a whole", section_fields<GridSection>()},
      {"grid.buses[]", "a bus", section_fields<BusSection>()},
      {"grid.branches[]", "a line, transformer or coupler", section_fields<BranchSection>()},
      {"grid.dc_links[]", "a link of given transfer", section_fields<DcLinkSection>()},
      {"grid.power_flow", "the solution of the network", section_fields<FlowSection>()},
      {"connection", "keys of every producer and storage", section_fields<ConnectionSection>()},
      {"supply", "keys of every consumer", section_fields<SupplySection>()},
      {"controllers.dispatch", "the choice of units", section_fields<DispatchSection>()},
      {"policy", "what the state prescribes", section_fields<PolicySection>()},
      {"market", "what consumers pay", section_fields<MarketSection>()},
      {"events[].failures", "failures by chance", section_fields<FailureSection>()},
      {"events[].storm", "wind that breaks branches", section_fields<StormSection>()},
      {"events[].repair_crews", "who repairs", section_fields<RepairSection>()},
      {"microgrids[]", "a part of the grid that can live on its own", section_fields<MicrogridSection>()},
      {"microgrids[].black_start[]", "a unit that may start it", section_fields<StartSection>()},
      {"communication", "the communication network as a whole", section_fields<CommunicationSection>()},
      {"communication.generate", "a network laid over the grid", section_fields<GenerateSection>()},
      {"communication.nodes[]", "a node", section_fields<NodeSection>()},
      {"communication.links[]", "a link", section_fields<LinkSection>()},
      {"communication.endpoints[]", "what ties a device to a node", section_fields<EndpointSection>()},
      {"communication.cohorts[]", "very many alike devices, of which only numbers are known",
       section_fields<CohortSection>()},
      {"communication.coverage[]", "a share of endpoints that are reached", section_fields<CoverageSection>()},
      {"communication.presets", "values of a technology, a link or a last hop",
       section_fields<comms::LinkParameters>()},
      {"cyber.defences", "what stands against attacks", section_fields<DefencesSection>()},
      {"cyber.attacks[]", "an attack", section_fields<AttackSection>()},
      {"record", "what is stored", section_fields<RecordSection>()},
      {"study.adequacy", "an adequacy study", section_fields<AdequacySection>()},
      {"study.adequacy.transfer_limits[]", "what areas can send each other", section_fields<TransferSection>()},
  }};
  return list;
}

}  // namespace gridplus::scenario
