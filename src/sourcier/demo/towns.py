"""Where the demo's customers live: real towns, their postal code and approximate population in thousands."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A town; `store` is the id of the retailer's store in it, if there is one."""

    postal_code: str
    population_thousands: int
    store: str = ""


TOWNS: Final = (
    Town(postal_code="75001", population_thousands=2130, store="store-paris"),
    Town(postal_code="13001", population_thousands=873, store="store-marseille"),
    Town(postal_code="69002", population_thousands=522, store="store-lyon"),
    Town(postal_code="31000", population_thousands=504, store="store-toulouse"),
    Town(postal_code="06000", population_thousands=348, store="store-nice"),
    Town(postal_code="44000", population_thousands=323, store="store-nantes"),
    Town(postal_code="34000", population_thousands=302, store="store-montpellier"),
    Town(postal_code="67000", population_thousands=291, store="store-strasbourg"),
    Town(postal_code="33000", population_thousands=261, store="store-bordeaux"),
    Town(postal_code="59000", population_thousands=236, store="store-lille"),
    Town(postal_code="35000", population_thousands=225, store="store-rennes"),
    Town(postal_code="83000", population_thousands=180, store="store-toulon"),
    Town(postal_code="51100", population_thousands=179, store="store-reims"),
    Town(postal_code="42000", population_thousands=173, store="store-saint-etienne"),
    Town(postal_code="76600", population_thousands=166, store="store-le-havre"),
    Town(postal_code="21000", population_thousands=159, store="store-dijon"),
    Town(postal_code="38000", population_thousands=157, store="store-grenoble"),
    Town(postal_code="49000", population_thousands=157, store="store-angers"),
    Town(postal_code="30000", population_thousands=148, store="store-nimes"),
    Town(postal_code="13100", population_thousands=147, store="store-aix-en-provence"),
    Town(postal_code="63000", population_thousands=147, store="store-clermont-ferrand"),
    Town(postal_code="72000", population_thousands=145, store="store-le-mans"),
    Town(postal_code="29200", population_thousands=140, store="store-brest"),
    Town(postal_code="37000", population_thousands=137, store="store-tours"),
    Town(postal_code="80000", population_thousands=133, store="store-amiens"),
    Town(postal_code="74000", population_thousands=131, store="store-annecy"),
    Town(postal_code="87000", population_thousands=130, store="store-limoges"),
    Town(postal_code="57000", population_thousands=121, store="store-metz"),
    Town(postal_code="66000", population_thousands=119, store="store-perpignan"),
    Town(postal_code="25000", population_thousands=119, store="store-besancon"),
    Town(postal_code="45000", population_thousands=116, store="store-orleans"),
    Town(postal_code="76000", population_thousands=114, store="store-rouen"),
    Town(postal_code="14000", population_thousands=107, store="store-caen"),
    Town(postal_code="68100", population_thousands=106, store="store-mulhouse"),
    Town(postal_code="54000", population_thousands=104, store="store-nancy"),
    Town(postal_code="84000", population_thousands=90, store="store-avignon"),
    Town(postal_code="86000", population_thousands=89, store="store-poitiers"),
    Town(postal_code="17000", population_thousands=79, store="store-la-rochelle"),
    Town(postal_code="64000", population_thousands=76, store="store-pau"),
    Town(postal_code="64100", population_thousands=53, store="store-bayonne"),
    Town(postal_code="92100", population_thousands=120),  # Boulogne-Billancourt
    Town(postal_code="93200", population_thousands=113),  # Saint-Denis
    Town(postal_code="93100", population_thousands=111),  # Montreuil
    Town(postal_code="95100", population_thousands=108),  # Argenteuil
    Town(postal_code="94000", population_thousands=93),  # Créteil
    Town(postal_code="59140", population_thousands=87),  # Dunkerque
    Town(postal_code="78000", population_thousands=84),  # Versailles
    Town(postal_code="50100", population_thousands=78),  # Cherbourg
    Town(postal_code="20000", population_thousands=72),  # Ajaccio
    Town(postal_code="68000", population_thousands=67),  # Colmar
    Town(postal_code="62100", population_thousands=67),  # Calais
    Town(postal_code="91000", population_thousands=67),  # Évry
    Town(postal_code="18000", population_thousands=64),  # Bourges
    Town(postal_code="26000", population_thousands=64),  # Valence
    Town(postal_code="29000", population_thousands=63),  # Quimper
    Town(postal_code="10000", population_thousands=62),  # Troyes
    Town(postal_code="73000", population_thousands=60),  # Chambéry
    Town(postal_code="79000", population_thousands=60),  # Niort
    Town(postal_code="56100", population_thousands=58),  # Lorient
    Town(postal_code="77100", population_thousands=56),  # Meaux
    Town(postal_code="56000", population_thousands=54),  # Vannes
    Town(postal_code="81000", population_thousands=49),  # Albi
    Town(postal_code="20200", population_thousands=48),  # Bastia
    Town(postal_code="90000", population_thousands=45),  # Belfort
    Town(postal_code="22000", population_thousands=44),  # Saint-Brieuc
    Town(postal_code="36000", population_thousands=43),  # Châteauroux
    Town(postal_code="65000", population_thousands=43),  # Tarbes
    Town(postal_code="62000", population_thousands=42),  # Arras
    Town(postal_code="16000", population_thousands=41),  # Angoulême
    Town(postal_code="05000", population_thousands=41),  # Gap
    Town(postal_code="28000", population_thousands=38),  # Chartres
    Town(postal_code="88000", population_thousands=33),  # Épinal
    Town(postal_code="71000", population_thousands=34),  # Mâcon
    Town(postal_code="15000", population_thousands=26),  # Aurillac
    Town(postal_code="12000", population_thousands=24),  # Rodez
    Town(postal_code="04000", population_thousands=17),  # Digne
    Town(postal_code="55000", population_thousands=15),  # Bar-le-Duc
    Town(postal_code="23000", population_thousands=13),  # Guéret
    Town(postal_code="48000", population_thousands=12),  # Mende
    Town(postal_code="09000", population_thousands=10),  # Foix
)
